import { MantineProvider } from "@mantine/core";
import type { ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { Chip } from "~/filters/Chip";
import { FilterNotes } from "~/filters/FilterNotes";
import { parse } from "~/filters/language";
import { Cell } from "~/lists/Cell";
import { columnOf } from "~/lists/columns";
import { NameLink, nameOf } from "~/lists/GridRow";
import { KINDS } from "~/lists/kinds";
import type { Row } from "~/lists/rows";

/** Turns what follows around: a name that ends in "exe" seems to end in "txt". */
const TURNED = "a\u202Etxt.exe";
const SHOWN = "a‹U+202E›txt.exe";
const ROW: Row = {
  event_type: "session",
  event_name: TURNED,
  session_id: TURNED,
  error: TURNED,
  metadata: { [TURNED]: TURNED },
  preview: { inputs: TURNED },
} as Row;

function drawn(element: ReactNode): string {
  return renderToStaticMarkup(<MantineProvider env="test">{element}</MantineProvider>);
}

function count(markup: string, part: string): number {
  return markup.split(part).length - 1;
}

describe("what hides or turns text in a list", () => {
  it.each(["event_name", "session_id", "error", "inputs", `metadata.${TURNED}`, "event_type"])(
    "is seen in the cell of %j",
    (field) => {
      const row = field === "event_type" ? { ...ROW, event_type: TURNED as "tool" } : ROW;
      const markup = drawn(<Cell row={row} column={columnOf(field)} />);
      expect(markup).toContain(SHOWN);
      expect(markup).not.toContain(TURNED);
    },
  );

  it("is seen in the name of a row and in what stands beside it", () => {
    const props = { row: ROW, kind: KINDS.sessions, projectId: "p" } as never;
    const markup = drawn(
      <NameLink
        {...(props as object as Parameters<typeof NameLink>[0])}
        name={nameOf(ROW, KINDS.sessions)}
      />,
    );
    expect(count(markup, SHOWN)).toBe(3);
    expect(nameOf(ROW, KINDS.models)).toBe(SHOWN);
  });

  it("is seen in the name of a column", () => {
    expect(columnOf(TURNED)).toMatchObject({ field: TURNED, label: SHOWN });
  });

  it("is seen in a condition, with its name and its title", () => {
    const [filter] = parse(`${TURNED} = ${TURNED}`).filters;
    if (!filter) throw new Error("it cannot be read");
    const nothing = () => {};
    const markup = drawn(
      <Chip filter={filter} isEdited={false} onEdit={nothing} onRemove={nothing} />,
    );
    expect(markup).toContain(SHOWN);
    expect(markup).not.toContain(TURNED);
  });

  it("is seen in notes on a filter", () => {
    const typed = `${TURNED} = b ${TURNED} >`;
    const markup = drawn(
      <FilterNotes
        draft={{ typed, ...parse(typed) }}
        names={[`${TURNED}x`]}
        warnings={[`no event has ${TURNED}x`]}
        onApply={() => {}}
      />,
    );
    expect(markup).toContain(SHOWN);
    expect(markup).not.toContain(TURNED);
  });
});
