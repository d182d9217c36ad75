/** Long work in pieces, so that the page can answer between them. */

/** Work that pauses wherever it yields. */
export type Pieces<T> = Generator<void, T>;

/** One piece after the other while there is nothing else to do for the page. Throws when aborted. */
export async function inPieces<T>(work: Pieces<T>, signal: AbortSignal): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await breath();
    signal.throwIfAborted();
  }
}

/** All of it at once, for small work and tests. */
export function atOnce<T>(work: Pieces<T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/** Lets the browser draw and answer. Not a timer of zero, which browsers lengthen. */
function breath(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
