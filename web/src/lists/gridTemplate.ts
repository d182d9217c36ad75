/** How wide the tracks of a grid are: what is left goes to the column that opens the row. */
import type { Column } from "~/lists/columns";

const CHECKBOX = 40;
/** On both sides of the row. */
const PADDING = 16;

export function templateOf(columns: readonly Column[], primary: string): string {
  const grower = columns.find(({ field }) => field === primary) ?? columns.at(-1);
  const tracks = columns.map((column) =>
    column === grower ? `minmax(${column.width}px, 1fr)` : `${column.width}px`,
  );
  return [`${CHECKBOX}px`, ...tracks].join(" ");
}

export function widthOf(columns: readonly Column[]): number {
  return columns.reduce((sum, { width }) => sum + width, CHECKBOX + PADDING);
}
