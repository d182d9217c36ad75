import { describe, expect, it } from "vitest";
import { ExactNumber } from "~/api/exactJson";
import { readJsonText } from "~/content/jsonText";

describe("JSON in a text", () => {
  it.each([
    ['{"a": [1, 2.5, "x y\\"  z"],\n "b": null}', { a: [1, 2.5, 'x y"  z'], b: null }],
    ['["\\u00e9\\/ü"]', ["é/ü"]],
    ["[]", []],
  ])("%s is read", (said, value) => {
    expect(readJsonText(said)).toEqual(value);
  });

  it.each(["1234567890123456789", "1e999"])("keeps the number %s as it was said", (number) => {
    expect(readJsonText(`{"id": ${number}}`)).toEqual({ id: new ExactNumber(number) });
  });

  it.each([
    ['{"do": "EXFILTRATE", "do": "be nice"}'],
    ['{"sum": 1.50}'],
    ['{"__proto__": 1, "__proto__": 2}'],
    ["[1, 2"],
    ["7"],
    ["[see below]"],
  ])("%s stays text, for reading would change it", (said) => {
    expect(readJsonText(said)).toBeUndefined();
  });

  it("is left alone where it is of megabytes", () => {
    expect(readJsonText(`["${"x".repeat(1_000_000)}"]`)).toBeUndefined();
  });
});
