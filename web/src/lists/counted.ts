/** What the counts of a histogram are good for. */
import type { Histogram } from "~/lists/requests";

/** How many events match, or nothing where not all conditions were applied to count them. */
export function countOf(found: Histogram | undefined): number | undefined {
  return found === undefined || found.ignored?.length ? undefined : found.count;
}

export interface Ways<T> {
  /** What leaves something, and how much. */
  readonly helpful: readonly (T & { readonly count: number })[];
  /** Whether it is certain that nothing which was tried leaves anything. */
  readonly isHopeless: boolean;
}

/** Which attempts help, by their counts: undefined where one is not known (yet). */
export function waysOut<T extends object>(
  attempts: readonly T[],
  counts: readonly (number | undefined)[],
): Ways<T> {
  const helpful = attempts
    .map((attempt, index) => ({ ...attempt, count: counts[index] ?? 0 }))
    .filter(({ count }) => count > 0);
  return { helpful, isHopeless: attempts.every((_, index) => counts[index] === 0) };
}
