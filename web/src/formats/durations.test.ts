import { describe, expect, it } from "vitest";
import { formatDuration } from "~/formats/durations";

describe("durations", () => {
  it.each([
    [0, "0 ms"],
    [0.004, "4 µs"],
    [0.42, "420 µs"],
    [3.456, "3.5 ms"],
    [44, "44 ms"],
    [516.4, "516 ms"],
    [999.6, "1.00 s"],
    [1_234, "1.23 s"],
    [9_996, "10.0 s"],
    [12_345, "12.3 s"],
    [59_960, "1 min 00 s"],
    [125_000, "2 min 05 s"],
    [3_599_900, "1 h 00 min"],
    [3_720_000, "1 h 02 min"],
    [90_000_000, "1 d 01 h"],
    [-5, "−5.0 ms"],
    [null, "—"],
    [Number.POSITIVE_INFINITY, "—"],
  ])("writes %s ms as %s", (ms, written) => {
    expect(formatDuration(ms)).toBe(written);
  });
});
