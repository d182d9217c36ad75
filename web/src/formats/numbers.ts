/** How numbers are written. What nobody knows is a dash, never a zero. */

export const UNKNOWN = "—";
/** A true minus, as wide as a digit: columns stay aligned. */
export const MINUS = "−";

const GROUPED = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });
const COMPACT = new Intl.NumberFormat("en-US", {
  notation: "compact",
  maximumSignificantDigits: 3,
});

export function isKnown(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/** Every digit, in groups of three. */
export function formatCount(value: number | null | undefined): string {
  return isKnown(value) ? GROUPED.format(value).replace("-", MINUS) : UNKNOWN;
}

export function formatTokens(value: number | null | undefined): string {
  return formatCount(value);
}

/** Three digits at most, for axes and badges: `12.3K`. */
export function formatCompact(value: number | null | undefined): string {
  return isKnown(value) ? COMPACT.format(value).replace("-", MINUS) : UNKNOWN;
}
