/** One value of a row, in the format of its column. */
import { formatDuration } from "~/formats/durations";
import { formatCost } from "~/formats/money";
import { formatCount, isKnown, UNKNOWN } from "~/formats/numbers";
import { formatAgo, formatTimeExact } from "~/formats/times";
import { useNow } from "~/lists/clock";
import type { Column } from "~/lists/columns";
import { isType, TypeIcon } from "~/lists/EventType";
import { asText, valueAt } from "~/lists/fields";
import classes from "~/lists/Grid.module.css";
import type { Row } from "~/lists/rows";
import { text } from "~/text/en";

const words = text.lists.grid;
/** A cell never shows more; the whole is in the event. */
const LONGEST = 300;

interface CellProps {
  readonly row: Row;
  readonly column: Column;
}

export function Cell({ row, column }: CellProps) {
  const value = valueAt(row, column.field);
  switch (column.format) {
    case "time":
      return <Ago ms={numberOf(value)} />;
    case "duration":
      return formatDuration(numberOf(value));
    case "count":
      return isKnown(numberOf(value)) ? formatCount(numberOf(value)) : <Unknown />;
    case "cost":
      return <Cost usd={value} />;
    case "type":
      return <Type type={asText(value)} />;
    case "error":
      return <Errors value={value} />;
    case "id":
      return <span className="mono quiet">{asText(value).slice(0, LONGEST) || UNKNOWN}</span>;
    default:
      return asText(value).slice(0, LONGEST) || <Unknown />;
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

function Cost({ usd }: { readonly usd: unknown }) {
  const isTold = typeof usd === "number" || typeof usd === "string";
  return isTold ? formatCost(usd) : <Unknown why={words.noCost} />;
}

function Type({ type }: { readonly type: string }) {
  return (
    <span className={classes["type"]}>
      <TypeIcon type={type} />
      {isType(type) ? text.lists.types[type] : type}
    </span>
  );
}

/** The text of an error, or how many there are. */
function Errors({ value }: { readonly value: unknown }) {
  if (value === 0) return <span className="quiet">0</span>;
  const written = typeof value === "number" ? formatCount(value) : asText(value).slice(0, LONGEST);
  if (!written) return null;
  return <span className={classes["error"]}>{written}</span>;
}

function Unknown({ why }: { readonly why?: string }) {
  return (
    <span className="quiet" title={why}>
      {UNKNOWN}
    </span>
  );
}

function numberOf(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
