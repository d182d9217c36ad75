import { memo } from "react";
import { formatDuration } from "~/formats/durations";
import { formatCost } from "~/formats/money";
import { formatCount, formatTokens, isKnown } from "~/formats/numbers";
import { Ago } from "~/lists/Cell";
import { shownText, valueAt } from "~/lists/fields";
import classes from "~/lists/Grid.module.css";
import { isFailed, NameLink, nameOf, opening, type RowProps } from "~/lists/GridRow";
import { text } from "~/text/en";

/** A row in two lines, for narrow screens. */
export const PhoneRow = memo(function PhoneRow(props: RowProps) {
  const { id, row, top, index, kind, isActive, isSelected } = props;
  const tokens = valueAt(row, "metadata.total_tokens");
  const cost = valueAt(row, "metadata.cost");
  return (
    <div
      id={id}
      role="row"
      aria-rowindex={index + 1}
      aria-selected={isSelected}
      className={classes["phoneRow"]}
      data-active={isActive || undefined}
      data-selected={isSelected || undefined}
      data-failed={isFailed(row) || undefined}
      style={{ top }}
      {...opening(props)}
    >
      <div role="gridcell" className={`${classes["phoneLine"]} foreign`}>
        <NameLink {...props} name={nameOf(row, kind)} />
        <span className={classes["aside"]}>
          <Ago ms={row.start_time} />
        </span>
      </div>
      <div role="gridcell" className={`${classes["phoneLine"]} quiet numbers`}>
        <span>{formatDuration(row.duration)}</span>
        {typeof tokens === "number" && <span>{`${formatTokens(tokens)} tokens`}</span>}
        {(typeof cost === "number" || typeof cost === "string") && <span>{formatCost(cost)}</span>}
        {isFailed(row) && (
          <span className={`${classes["error"]} foreign cut`}>
            {shownText(row.error) || failures(valueAt(row, "metadata.num_errors"))}
          </span>
        )}
      </div>
    </div>
  );
});

function failures(count: unknown): string {
  const { errors, failed } = text.lists.grid;
  return isKnown(count) ? errors(formatCount(count), count === 1) : failed;
}
