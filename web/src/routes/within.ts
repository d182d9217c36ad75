/** An absolute path, and nothing that a browser reads as the address of another host. */
const PATH = /^\/(?![/\\])/;

/**
 * The path of this very application that `next` names, else its root: whoever made the link to the
 * sign-in must not choose another site. The path is checked as it reads once resolved, for
 * `/.//other.example` becomes `//other.example`, which leaves the site.
 */
export function within(next: string | undefined, origin: string): string {
  if (!next || !URL.canParse(next, origin)) return "/";
  const url = new URL(next, origin);
  const path = url.pathname + url.search + url.hash;
  return url.origin === origin && PATH.test(path) ? path : "/";
}
