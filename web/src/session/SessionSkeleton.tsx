/** The shape of a tree while the first rows come. */
import { Skeleton } from "@mantine/core";
import classes from "~/session/session.module.css";
import { text } from "~/text/en";

/** Indent in steps, width of the name and begin of the bar in percent. */
const ROWS = [
  [0, 60, 2],
  [1, 42, 4],
  [2, 55, 6],
  [1, 38, 22],
  [2, 50, 26],
  [2, 44, 40],
  [1, 48, 52],
  [2, 36, 60],
  [2, 52, 68],
] as const;
const STEP_PX = 18;

export function SessionSkeleton() {
  return (
    <div role="status" aria-label={text.session.loadingLabel} className={classes["skeleton"]}>
      {ROWS.map(([indent, width, begin]) => (
        <div key={begin}>
          <Skeleton height={10} width={`${width}%`} ml={indent * STEP_PX} radius="xs" />
          <Skeleton height={10} width="28%" ml={`${begin}%`} radius="xs" />
        </div>
      ))}
    </div>
  );
}
