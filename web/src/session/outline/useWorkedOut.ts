import { useEffect, useState } from "react";
import { inPieces, type Pieces } from "~/session/outline/pieces";

export interface Worked<T> {
  /** Undefined until the first work is done. */
  readonly value?: T;
  /** Why the last work gave nothing. */
  readonly error?: unknown;
}

/**
 * What long work makes of `source`, while the page goes on answering; what an earlier source gave is
 * shown until the new one is worked out, or fails. `work` must be one and the same function each time.
 */
export function useWorkedOut<S, T>(source: S, work: (source: S) => Pieces<T>): Worked<T> {
  const [done, setDone] = useState<Worked<T>>({});
  useEffect(() => {
    const controller = new AbortController();
    inPieces(work(source), controller.signal).then(
      (value) => setDone({ value }),
      (error: unknown) => {
        if (!controller.signal.aborted) setDone({ error });
      },
    );
    return () => controller.abort();
  }, [source, work]);
  return done;
}
