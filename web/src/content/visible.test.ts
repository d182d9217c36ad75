import { describe, expect, it } from "vitest";
import { makeVisible } from "~/content/visible";

describe("characters that hide or turn text", () => {
  it.each([
    ["a\u0000b", "a␀b"],
    ["\u001b[31mred", "␛[31mred"],
    ["user\u202Etxt.exe", "user‹U+202E›txt.exe"],
    ["pay\u200Bpal", "pay‹U+200B›pal"],
    ["\u{E0041}", "‹U+E0041›"],
    ["\u007f", "␡"],
  ])("shows %j as %j", (hidden, shown) => {
    expect(makeVisible(hidden)).toBe(shown);
  });

  it("leaves what people write as it is", () => {
    const text = "Zeile eins\n\tZwei — 日本語 العربية 👩‍👩‍👧 ❤️‍🔥\r\n";
    expect(makeVisible(text)).toBe(text);
  });

  it("shows a joiner that joins no pictures", () => {
    expect(makeVisible("a\u200Db")).toBe("a‹U+200D›b");
  });
});
