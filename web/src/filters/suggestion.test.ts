import { describe, expect, it } from "vitest";
import { nearest } from "~/filters/suggestion";

const KNOWN = ["event_name", "duration", "metadata.user_id", "metadata.cost", "config.model"];

describe("a suggestion", () => {
  it.each([
    ["metadata.usr_id", "metadata.user_id"],
    ["Event_Name", "event_name"],
    ["durration", "duration"],
    ["model", "config.model"],
    ["user_id", "metadata.user_id"],
    ["config.usr_id", "metadata.user_id"],
  ])("for %s is %s", (typed, meant) => {
    expect(nearest(typed, KNOWN)).toBe(meant);
  });

  it.each(["outputs.content", "x", ""])("is none for %j", (typed) => {
    expect(nearest(typed, KNOWN)).toBeUndefined();
  });

  it("is none where the end of several names fits", () => {
    expect(nearest("name", ["metadata.tool.name", "config.agent.name"])).toBeUndefined();
  });
});
