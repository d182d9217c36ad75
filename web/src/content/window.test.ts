import { expect, it } from "vitest";
import { earlier, FIRST, further } from "~/content/window";

it("holds a bounded number of calls, however far one reads on and back", () => {
  let span = { from: 0, until: FIRST };
  for (let n = 0; n < 50; n += 1) span = further(span);
  expect(span).toEqual({ from: 552, until: 612 });
  for (let n = 0; n < 50; n += 1) span = earlier(span);
  expect(span).toEqual({ from: 0, until: 60 });
});
