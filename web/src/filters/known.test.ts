import { describe, expect, it } from "vitest";
import type { Filter } from "~/filters/filter";
import { typosIn } from "~/filters/known";

const NAMES = ["event_name", "metadata.user_id", "metadata.http.status"];

function on(field: string): Filter {
  return { field, operator: "exists", type: "string" };
}

describe("a field that no event has", () => {
  it("is a typo of the nearest one", () => {
    expect(typosIn([on("metadata.usr_id")], NAMES)).toEqual([
      { filter: on("metadata.usr_id"), meant: "metadata.user_id" },
    ]);
  });

  it("may resemble nothing", () => {
    expect(typosIn([on("metadata.quite_other")], NAMES)[0]).not.toHaveProperty("meant");
    expect(typosIn([on("name_of")], NAMES)).toHaveLength(1);
  });

  it.each(["event_name", "metadata.http", "outputs.content", "inputs.question.text"])(
    "is not %s",
    (field) => {
      expect(typosIn([on(field)], NAMES)).toEqual([]);
    },
  );
});
