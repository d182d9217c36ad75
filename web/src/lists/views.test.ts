import { describe, expect, it } from "vitest";
import { readViews, removed, renamed, saved, shows } from "~/lists/views";

const SLOW = { name: "Slow", address: { q: "duration > 2000" } };

describe("saved views", () => {
  it("are read back as they were stored, without the row that was selected", () => {
    const views = saved([], " Slow ", { q: "duration > 2000", row: "e1" });
    expect(readViews(JSON.stringify(views))).toEqual([SLOW]);
  });

  it("replace one of the same name and stand in the order of their names", () => {
    const views = saved(saved([SLOW], "Errors", { q: "error exists" }), "Slow", { q: "a = b" });
    expect(views.map(({ name }) => name)).toEqual(["Errors", "Slow"]);
    expect(views[1]?.address.q).toBe("a = b");
  });

  it("can be renamed and deleted, and an empty name changes nothing", () => {
    expect(renamed([SLOW], "Slow", "Sluggish")[0]?.name).toBe("Sluggish");
    expect(renamed([SLOW], "Slow", "  ")).toEqual([SLOW]);
    expect(removed([SLOW], "Slow")).toEqual([]);
  });

  it.each([null, "", "{", "{}", '[1, null, {"name": 3}]'])("are none in %j", (stored) => {
    expect(readViews(stored)).toEqual([]);
  });

  it("are recognised whatever row is selected", () => {
    expect(shows({ row: "e9", q: "duration > 2000" }, SLOW)).toBe(true);
    expect(shows({ q: "duration > 1" }, SLOW)).toBe(false);
  });
});
