/** What the page's content policy wants on each style sheet that a script adds (CSP, `style-src`). */
export const NONCE =
  document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";
