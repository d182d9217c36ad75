/** One value of a row, in the format of its column. */
import { ExactNumber } from "~/api/exactJson";
import { formatDuration } from "~/formats/durations";
import { formatCost } from "~/formats/money";
import { formatCompact, formatCount, isKnown, UNKNOWN } from "~/formats/numbers";
import { formatAgo, formatTimeExact } from "~/formats/times";
import { useNow } from "~/lists/clock";
import type { Column } from "~/lists/columns";
import { shownText, valueAt } from "~/lists/fields";
import classes from "~/lists/Grid.module.css";
import type { Row } from "~/lists/rows";
import { text } from "~/text/en";

const words = text.lists.grid;

/** Eight digits fit into the narrowest column of counts. */
const LONG_COUNT = 100_000_000;

interface CellProps {
  readonly row: Row;
  readonly column: Column;
}

export function Cell({ row, column }: CellProps) {
  const value = valueAt(row, column.field);
  // Beyond what is reckoned with here: as it was written.
  if (value instanceof ExactNumber) return shownText(value);
  switch (column.format) {
    case "time":
      return <Ago ms={numberOf(value)} />;
    case "duration":
      return formatDuration(numberOf(value));
    case "count":
      return isKnown(value) ? <Count value={value} /> : missing(row, column);
    case "cost":
      return isAmount(value) ? formatCost(value) : missing(row, column);
    case "type":
      return typeName(shownText(value));
    case "error":
      return <Whole text={shownText(value)} look={classes["error"]} />;
    case "failures":
      return isKnown(value) ? <Failures count={value} /> : <Unknown />;
    case "preview":
      return <Whole text={shownText(valueAt(row, `preview.${column.field}`))} look="quiet" />;
    case "id":
      return <Whole text={shownText(value) || UNKNOWN} look="mono quiet" />;
    default:
      return shownText(value) ? <Whole text={shownText(value)} /> : <Unknown />;
  }
}

export function Ago({ ms }: { readonly ms: number | undefined }) {
  const written = useNow((now) => formatAgo(ms, Math.max(now, ms ?? now)));
  return (
    <time
      title={formatTimeExact(ms)}
      dateTime={isKnown(ms) ? new Date(ms).toISOString() : undefined}
    >
      {written}
    </time>
  );
}

/** What the column cuts is read by pointing at it. */
function Whole({
  text: shown,
  look,
}: {
  readonly text: string;
  readonly look?: string | undefined;
}) {
  return (
    <span className={look} title={shown}>
      {shown}
    </span>
  );
}

/** A number too long for its column is written short: cut, it would be another one. */
function Count({ value }: { readonly value: number }) {
  const whole = formatCount(value);
  if (Math.abs(value) < LONG_COUNT) return whole;
  return <span title={whole}>{formatCompact(value)}</span>;
}

/** Only model calls, and what is made of them, have tokens and costs: elsewhere nothing is missing. */
function missing({ event_type: type }: Row, { field, format }: Column) {
  const isOfCalls = format === "cost" || field.endsWith("_tokens");
  if (isOfCalls && (type === "tool" || type === "chain")) return null;
  return format === "cost" ? <Unknown why={words.noCost} /> : <Unknown />;
}

function typeName(type: string): string {
  const { types } = text.content;
  return Object.hasOwn(types, type) ? types[type as keyof typeof types] : type;
}

function Failures({ count }: { readonly count: number }) {
  return <span className={count > 0 ? classes["error"] : "quiet"}>{formatCount(count)}</span>;
}

function Unknown({ why }: { readonly why?: string }) {
  return (
    <span className="quiet" title={why}>
      {UNKNOWN}
    </span>
  );
}

/** Sums that a number cannot hold exactly come as text. */
function isAmount(value: unknown): value is number | string {
  return typeof value === "string" || isKnown(value);
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
