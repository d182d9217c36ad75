import { describe, expect, it } from "vitest";
import { columnOf, moved, readColumns, resized, writeColumns } from "~/lists/columns";

const USUAL = ["event_name", "start_time"];

describe("columns", () => {
  it("are the usual ones where the address names none", () => {
    expect(readColumns(undefined, USUAL).map(({ field }) => field)).toEqual(USUAL);
    expect(writeColumns(USUAL.map(columnOf), USUAL)).toBeUndefined();
  });

  it("are read as they were written, order and width kept", () => {
    const columns = [resized(columnOf("metadata.plan"), 300), columnOf("event_name")];
    const written = writeColumns(columns, USUAL);
    expect(written).toBe("metadata.plan:300,event_name");
    expect(readColumns(written, USUAL)).toEqual(columns);
  });

  it("are read as they were written, whatever their names hold", () => {
    const columns = ["metadata.a,b", "metadata.c:12", "metadata.100%2C"].map(columnOf);
    expect(readColumns(writeColumns(columns, USUAL), USUAL)).toEqual(columns);
  });

  it("stay usable whatever an address says", () => {
    expect(readColumns(":3,,event_name:1,event_name", USUAL).map((one) => one.width)).toEqual([
      160, 56,
    ]);
    expect(readColumns("a,a,a,b", USUAL)).toHaveLength(2);
  });

  it("move in either direction", () => {
    expect(moved(["a", "b", "c"], 0, 2)).toEqual(["b", "c", "a"]);
    expect(moved(["a", "b", "c"], 2, 0)).toEqual(["c", "a", "b"]);
  });
});
