import { describe, expect, it } from "vitest";
import { within } from "~/routes/within";

const HERE = "https://control.example";

describe("where one goes after signing in", () => {
  it.each([
    ["/projects/p/events?q=1#top", "/projects/p/events?q=1#top"],
    [`${HERE}/projects`, "/projects"],
    ["projects", "/projects"],
    ["/a//b", "/a//b"],
    [undefined, "/"],
    ["", "/"],
  ])("%s is a place of this application", (next, place) => {
    expect(within(next, HERE)).toBe(place);
  });

  it.each([
    ["https://evil.invalid/"],
    ["//evil.invalid/"],
    ["/.//evil.invalid/phish"],
    ["/..//evil.invalid/phish"],
    ["/./\\evil.invalid"],
    ["/a/..//evil.invalid"],
    [`${HERE}//evil.invalid`],
    ["\\\\evil.invalid"],
    ["javascript:alert(1)"],
    ["http://["],
  ])("%s is none", (next) => {
    const place = within(next, HERE);
    expect(place).toBe("/");
    expect(new URL(place, HERE).origin).toBe(HERE);
  });
});
