/** What the page's content policy wants on each style sheet that a script adds (CSP, `style-src`). */
export const NONCE =
  document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content ?? "";

// Where libraries look that add style sheets of their own, such as what locks the page's scrolling
// below an open dialog (https://github.com/theKashey/get-nonce).
Object.assign(globalThis, { __webpack_nonce__: NONCE });
