/** The code of the lists, which nearly everybody opens: fetched before they do, once all is quiet. */
export function listPages() {
  return import("~/lists/pages");
}

const LATEST_MS = 2_000;

/** Calls off by the function that it returns. */
export function fetchListPagesWhenIdle(): () => void {
  // Where it fails, whoever opens a list tries again. Not every browser tells when it is idle.
  const fetchPages = () => void listPages().catch(() => {});
  if (!("requestIdleCallback" in window)) {
    const timer = setTimeout(fetchPages, LATEST_MS);
    return () => clearTimeout(timer);
  }
  const request = requestIdleCallback(fetchPages, { timeout: LATEST_MS });
  return () => cancelIdleCallback(request);
}
