import { expect, test } from "vitest";
import { around, barOf, moved, tickLabel, ticks, within, zoomed } from "~/session/tree/axis";

test("zooming in keeps the point under the pointer", () => {
  expect(zoomed({ from: 0, to: 100 }, 0.5, 0.25, 100)).toEqual({ from: 12.5, to: 62.5 });
});

test("zooming out ends at the whole session", () => {
  expect(zoomed({ from: 90, to: 100 }, 100, 1, 100)).toEqual({ from: 0, to: 100 });
});

test("moving stops at both ends and keeps what is seen as wide", () => {
  expect(moved({ from: 10, to: 30 }, -1, 100)).toEqual({ from: 0, to: 20 });
  expect(moved({ from: 70, to: 90 }, 1, 100)).toEqual({ from: 80, to: 100 });
});

test("a range without width becomes one that can be told apart", () => {
  const { from, to } = within({ from: 5, to: 5 }, 100);

  expect(to - from).toBeCloseTo(0.001);
});

test("a range about a span has air on both sides", () => {
  expect(around(40, 60, 100)).toEqual({ from: 37, to: 63 });
});

test("ticks stand at round times", () => {
  expect(ticks({ from: 0, to: 535 }, 6).map(({ at }) => at)).toEqual([0, 100, 200, 300, 400, 500]);
  expect(ticks({ from: 100, to: 200 }, 4).map(({ share }) => share)).toEqual([0, 0.5, 1]);
});

test("long sessions have ticks that clocks have", () => {
  const labels = ticks({ from: 0, to: 3_600_000 }, 5).map(({ at }) =>
    tickLabel(at, { from: 0, to: 3_600_000 }),
  );

  expect(labels).toEqual(["0", "15:00", "30:00", "45:00", "1:00:00"]);
});

test("ticks are written in the unit of what is seen", () => {
  expect(tickLabel(0.5, { from: 0, to: 1 })).toBe("0.5 ms");
  expect(tickLabel(250, { from: 0, to: 535 })).toBe("250 ms");
  expect(tickLabel(2_500, { from: 0, to: 9_000 })).toBe("2.5 s");
});

test("a bar is cut at the edges of what is seen", () => {
  expect(barOf(0, 100, { from: 50, to: 150 })).toEqual({ left: 0, width: 0.5 });
  expect(barOf(100, 300, { from: 50, to: 150 })).toEqual({ left: 0.5, width: 0.5 });
  expect(barOf(0, 10, { from: 50, to: 150 })).toBeUndefined();
});
