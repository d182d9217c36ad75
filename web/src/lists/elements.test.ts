import { describe, expect, it } from "vitest";
import { elementsOf } from "~/lists/elements";

describe("the elements of an array in JSON", () => {
  it("are the text that was sent, digit for digit", () => {
    const first = '{"id": 12345678901234567890, "n": 1.0, "s": "]}\\",[ \\\\"}';
    const json = `{"a": {"events": [0]}, "events" : [ ${first} ,{"b":[{}]}], "next": "c"}`;
    expect(elementsOf(json, "events")).toEqual({
      elements: [first, '{"b":[{}]}'],
      rest: { a: { events: [0] }, events: [], next: "c" },
    });
  });

  it("are none where the array is empty or missing", () => {
    expect(elementsOf('{"events":[]}', "events")).toEqual({ elements: [], rest: { events: [] } });
    expect(elementsOf('{"a":1}', "events")).toEqual({ elements: [], rest: { a: 1 } });
    expect(elementsOf('{"events":null}', "events").elements).toEqual([]);
  });

  it("may be scalars", () => {
    expect(elementsOf('{"e":[1,"x",null]}', "e").elements).toEqual(["1", '"x"', "null"]);
  });

  it.each(['{"e":[{"a":1}', '{"e":["x', "[1]", '{"e":[1,,2]}'])("refuses %s", (json) => {
    expect(() => elementsOf(json, "e")).toThrow(SyntaxError);
  });
});
