import { expect, test } from "vitest";
import { readList, writtenList } from "~/lists/listLink";

test("a list is found again in another page's address, without what passes", () => {
  const asked = { q: 'metadata.user = "a & b"', sort: "-cost", from: 1, to: 2 };

  expect(readList(writtenList({ ...asked, row: "e", live: false }))).toEqual(asked);
});

test("a list as it is at first needs no words, and none are that list", () => {
  expect(writtenList({ row: "e" })).toBeUndefined();
  expect(readList(undefined)).toEqual({});
  expect(readList("?from=then&other=1")).toEqual({});
});
