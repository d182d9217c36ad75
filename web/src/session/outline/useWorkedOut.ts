import { useEffect, useState } from "react";
import { inPieces, type Pieces } from "~/session/outline/pieces";

interface Done<S, T> {
  readonly source: S;
  readonly value: T;
}

/**
 * What long work makes of `source`, while the page goes on answering; what an earlier source gave is
 * shown until the new one is worked out. `work` must be one and the same function each time.
 */
export function useWorkedOut<S, T>(source: S, work: (source: S) => Pieces<T>): T | undefined {
  const [done, setDone] = useState<Done<S, T>>();
  useEffect(() => {
    const controller = new AbortController();
    inPieces(work(source), controller.signal).then(
      (value) => setDone({ source, value }),
      (error: unknown) => {
        if (!controller.signal.aborted) throw error;
      },
    );
    return () => controller.abort();
  }, [source, work]);
  return done?.value;
}
