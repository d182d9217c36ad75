import { describe, expect, it } from "vitest";
import { labelOf, makeVisible } from "~/content/visible";

describe("characters that hide or turn text", () => {
  it.each([
    ["a\u0000b", "a␀b"],
    ["\u001b[31mred", "␛[31mred"],
    ["user\u202Etxt.exe", "user‹U+202E›txt.exe"],
    ["pay\u200Bpal", "pay‹U+200B›pal"],
    ["\u{E0041}", "‹U+E0041›"],
    ["\u007f", "␡"],
    ["a\u{E0100}\u{E0101}", "a‹U+E0100›‹U+E0101›"],
    ["a\uFE0F", "a‹U+FE0F›"],
    ["1\uFE0F", "1‹U+FE0F›"],
    ["❤\uFE0F\uFE0F", "❤\uFE0F‹U+FE0F›"],
    ["\u3164\u115F\u1160\uFFA0", "‹U+3164›‹U+115F›‹U+1160›‹U+FFA0›"],
    ["a\u034Fb\u2800c", "a‹U+034F›b‹U+2800›c"],
    ["\u206A\u{1D173}", "‹U+206A›‹U+1D173›"],
  ])("shows %j as %j", (hidden, shown) => {
    expect(makeVisible(hidden)).toBe(shown);
  });

  it("leaves what people write as it is", () => {
    const text = "Zeile eins\n\tZwei — 日本語 العربية 👩‍👩‍👧 ❤️‍🔥 1️⃣ 葛\u{E0100} ⠓⠊⠀⠽⠕⠥\r\n";
    expect(makeVisible(text)).toBe(text);
  });

  it("shows a joiner that joins no pictures", () => {
    expect(makeVisible("a\u200Db")).toBe("a‹U+200D›b");
  });
});

describe("a label", () => {
  it("is bounded and visible", () => {
    expect(labelOf("a\u202Eb")).toBe("a‹U+202E›b");
    expect(labelOf("x".repeat(1_000_000))).toHaveLength(201);
    expect(labelOf("abcdef", 3)).toBe("abc…");
  });
});
