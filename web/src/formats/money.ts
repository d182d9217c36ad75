import { isKnown, MINUS, UNKNOWN } from "~/formats/numbers";

/** Twelve digits are exact for any sum of prices, and hide what binary fractions add. */
const EXACT = new Intl.NumberFormat("en-US", {
  maximumSignificantDigits: 12,
});
const SHORT = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 3 });
const WHOLE_CENTS = new Intl.NumberFormat("en-US", { minimumFractionDigits: 2 });
const CENTS = new Intl.NumberFormat("en-US", { maximumFractionDigits: 2 });
const COMPACT = new Intl.NumberFormat("en-US", {
  notation: "compact",
  maximumSignificantDigits: 3,
});

export type Usd = number | string | null | undefined;

/** Every digit of a cost in US dollars: the smallest is still told from nothing. */
export function formatCost(usd: Usd): string {
  return signed(usd, exact);
}

/** The size of a cost, for axes and sums of many. */
export function formatCostShort(usd: Usd): string {
  return signed(usd, (value) => {
    if (value < 1) return SHORT.format(value);
    return value < 10_000 ? CENTS.format(value) : COMPACT.format(value);
  });
}

function exact(value: number): string {
  const written = EXACT.format(value);
  const [, decimals = ""] = written.split(".");
  return decimals.length >= 2 ? written : WHOLE_CENTS.format(value);
}

function signed(usd: Usd, write: (value: number) => string): string {
  const value = typeof usd === "string" && usd.trim() ? Number(usd) : usd;
  if (!isKnown(value)) return UNKNOWN;
  return `${value < 0 ? MINUS : ""}$${write(Math.abs(value))}`;
}
