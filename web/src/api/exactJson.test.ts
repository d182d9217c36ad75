import { describe, expect, it } from "vitest";
import { ExactNumber, isLost, readJson, writeJson } from "~/api/exactJson";

describe("JSON in which no number changes", () => {
  it.each([
    "1234567890123456789",
    "-1234567890123456789",
    "9007199254740993",
    "1e400",
    "-1E+400",
    "1e-400",
    "0.1000000000000000055",
    "123456789012345678.5e-3",
  ])("keeps %s as it was written", (written) => {
    const text = `{"a":[${written}],"b":{"c":${written}}}`;
    const value = readJson(text) as { a: unknown[] };
    expect(value.a[0]).toEqual(new ExactNumber(written));
    expect(String(value.a[0])).toBe(written);
    expect(writeJson(value)).toBe(text);
    expect(readJson(written)).toEqual(new ExactNumber(written));
  });

  it.each([
    "0",
    "-1.5",
    "9007199254740991",
    "0.30000000000000004",
    "1795307515826.3882",
    "1e23",
    "1.7976931348623157e+308",
    "5e-324",
    "123456789012345680000",
    "1.0000000000000000",
  ])("reads %s as a number, which holds it", (written) => {
    expect(readJson(`[${written}]`)).toEqual([Number(written)]);
    expect(isLost(written)).toBe(false);
  });

  it("leaves texts alone that look like numbers, or like JSON", () => {
    const value = {
      id: "1234567890123456789",
      said: 'see: 1234567890123456789, "quoted\\" [1e400]',
      path: "C:\\",
      "1e400": 1,
    };
    const text = `{"n":1e400,${JSON.stringify(value).slice(1)}`;
    expect(readJson(text)).toEqual({ n: new ExactNumber("1e400"), ...value });
    expect(writeJson(readJson(text))).toContain('"n":1e400,');
  });

  it("takes hostile keys for keys, and of two the last, as the language does", () => {
    const value = readJson('{"__proto__":1e400,"a":1,"a":2}') as object;
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.entries(value)).toEqual([
      ["__proto__", new ExactNumber("1e400")],
      ["a", 2],
    ]);
  });

  it("reads what is too deep for exactness all the same", () => {
    const depth = 50_000;
    const text = `${"[".repeat(depth)}1e400${"]".repeat(depth)}`;
    expect(Array.isArray(readJson(text))).toBe(true);
  });

  it("refuses what is no JSON", () => {
    expect(() => readJson("{1234567890123456789}")).toThrow(SyntaxError);
    expect(() => readJson("01234567890123456789")).toThrow(SyntaxError);
  });

  it("passes megabytes of escapes and digits without going back over them", () => {
    const long = JSON.stringify({ text: '\\"'.repeat(1_000_000), digits: "1".repeat(1_000_000) });
    const text = `{"n":1e400,"m":1${"0".repeat(1_000_000)}1,${long.slice(1)}`;
    const begun = performance.now();
    expect((readJson(text) as { n: unknown }).n).toEqual(new ExactNumber("1e400"));
    expect(performance.now() - begun).toBeLessThan(3_000);
  });
});
