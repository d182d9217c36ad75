import { describe, expect, it } from "vitest";
import { asText, valueAt } from "~/lists/fields";

const EVENT = {
  event_name: "chat",
  metadata: { "gen_ai.operation.name": "chat", a: { b: null, list: ["x"] }, "a.b": 3 },
};

describe("paths of fields", () => {
  it.each([
    ["event_name", "chat"],
    ["metadata.gen_ai.operation.name", "chat"],
    ["metadata.a.b", 3],
    ["metadata.a.list.0", "x"],
    ["metadata.missing", undefined],
    ["event_name.length", undefined],
    ["metadata.constructor", undefined],
  ])("finds %s", (path, value) => {
    expect(valueAt(EVENT, path)).toBe(value);
  });

  it("shows nothing of what is not there, and structures as JSON", () => {
    expect(asText(null)).toBe("");
    expect(asText(false)).toBe("false");
    expect(asText({ a: [1] })).toBe('{"a":[1]}');
  });
});
