import { type Access, issueToken } from "~/api/control";

const EARLY_SECONDS = 30;

interface Held {
  readonly access: Promise<Access>;
  /** Milliseconds of the page's clock, which no change of the time of day moves. */
  until: number;
}

/** Tokens for data planes: asked for when needed, kept in memory only, renewed before they end. */
const held = new Map<string, Held>();

export function accessTo(dataPlane: string): Promise<Access> {
  const known = held.get(dataPlane);
  if (known && known.until > performance.now()) return known.access;
  const access = issueToken(dataPlane);
  const made: Held = { access, until: Number.POSITIVE_INFINITY };
  held.set(dataPlane, made);
  access.then(
    ({ seconds }) => {
      made.until = performance.now() + 1000 * (seconds - EARLY_SECONDS);
    },
    () => held.delete(dataPlane),
  );
  return access;
}

/** Forget all of them: after signing out, or when a data plane says that one does not count. */
export function forgetTokens(): void {
  held.clear();
}
