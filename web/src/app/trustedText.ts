/**
 * The page's only policy for Trusted Types (https://www.w3.org/TR/trusted-types/). Mantine writes
 * the text of its style sheets by `innerHTML`; text without a `<` makes no element, so that may
 * pass, and nothing else may.
 */

interface Policies {
  createPolicy(name: "default", rules: { createHTML(html: string): string }): unknown;
}

const policies = (globalThis as { trustedTypes?: Policies }).trustedTypes;

policies?.createPolicy("default", {
  createHTML(html) {
    if (html.includes("<")) throw new TypeError("Markup made from text is not let into this page");
    return html;
  },
});
