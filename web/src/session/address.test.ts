import { expect, test } from "vitest";
import { validateSession } from "~/session/address";

test("what an address says is kept, and nothing else", () => {
  const search = {
    ...{ view: "graph", event: "e", q: "rate limit", only: "error,model", zoom: "0-12.5" },
    list: "?sort=-cost",
    other: "x",
  };

  expect(validateSession(search)).toEqual({
    ...{ view: "graph", event: "e", q: "rate limit", only: "model,error", zoom: "0-12.5" },
    list: "?sort=-cost",
  });
});

test("what makes no sense is as if it were not there", () => {
  const search = { view: "3d", event: 7, q: "", only: "nothing", zoom: "-5-x", list: "sort" };

  expect(validateSession(search)).toEqual({});
});

test("a number may be sought", () => {
  expect(validateSession({ q: 404 })).toEqual({ q: "404" });
});
