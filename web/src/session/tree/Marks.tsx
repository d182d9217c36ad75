/** What there is to say of a node beside its name: failures, repetitions, what is folded away. */
import { IconAlertCircleFilled } from "@tabler/icons-react";
import { makeVisible } from "~/content/visible";
import { formatCount } from "~/formats/numbers";
import type { Facts } from "~/session/outline/facts";
import { Marked } from "~/session/tree/Marked";
import classes from "~/session/tree/tree.module.css";
import { text } from "~/text/en";

const LONGEST = 200;

interface MarksProps {
  readonly facts: Facts;
  readonly place: number;
  readonly isFolded: boolean;
  readonly sought: string;
}

export function Marks({ facts, place, isFolded, sought }: MarksProps) {
  const { outline, twins, again, sums } = facts;
  const below = (sums.errors[place] ?? 0) - (outline.isError(place) ? 1 : 0);
  const hidden = formatCount(outline.columns.descendants[place] ?? 0);
  const words = text.session.tree;
  return (
    <>
      {outline.isError(place) && (
        <span className={classes["failed"]}>
          <IconAlertCircleFilled
            className={classes["sign"]}
            size={13}
            role="img"
            aria-label={words.errors}
          />
          <span
            className="foreign cut"
            title={makeVisible((outline.error(place) ?? "").slice(0, LONGEST))}
          >
            <Marked text={shortClass(outline.error(place) ?? "")} sought={sought} />
          </span>
        </span>
      )}
      {twins.twins.has(place) && (
        <span className={classes["mark"]} title={words.toldTitle}>
          {words.told}
        </span>
      )}
      {again[place] === 1 && (
        <span className={classes["mark"]} title={words.againTitle}>
          {words.again}
        </span>
      )}
      {isFolded && (
        <span className={classes["mark"]} title={words.hiddenTitle(hidden)}>
          {words.hidden(hidden)}
        </span>
      )}
      {isFolded && below > 0 && (
        <span className={classes["failed"]} title={words.errorsBelow(formatCount(below))}>
          <IconAlertCircleFilled className={classes["sign"]} size={13} aria-hidden />
          {formatCount(below)}
        </span>
      )}
    </>
  );
}

/** `RateLimitError` of `openai.RateLimitError`: where a class comes from is in its title. */
function shortClass(error: string): string {
  const short = error.slice(0, LONGEST);
  return makeVisible(/^[\w.]+$/.test(short) ? short.slice(short.lastIndexOf(".") + 1) : short);
}
