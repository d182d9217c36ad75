// @vitest-environment jsdom
import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Row } from "~/lists/rows";
import { useActiveRow } from "~/lists/useActiveRow";
import type { Rows } from "~/lists/useRows";

function rowsOf(...ids: string[]): Rows {
  const rows = ids.map((id): Row => ({ event_id: id, event_type: "tool" }));
  return { rows, offset: 0 } as unknown as Rows;
}

function active(opened: string) {
  return renderHook((rows: Rows) => useActiveRow(rows, opened, () => {}), {
    initialProps: rowsOf("a", "b"),
  });
}

describe("the active row", () => {
  it("is the one that was opened last, also where it comes with a later page", () => {
    const { result, rerender } = active("c");
    expect(result.current.index).toBe(-1);
    rerender(rowsOf("a", "b", "c"));
    expect(result.current.index).toBe(2);
  });

  it("stays where somebody moved it when the one that was opened last comes", () => {
    const { result, rerender } = active("c");
    act(() => result.current.moveTo(1));
    rerender(rowsOf("a", "b", "c"));
    expect(result.current.index).toBe(1);
  });
});
