import { describe, expect, it } from "vitest";
import { addressOf, pathOf } from "~/routes/address";

const located = (address: string) => pathOf(new URL(address, "http://control.test"));

describe("an address", () => {
  it("keeps the query from whoever serves the page", () => {
    const address = addressOf("/projects/1/events?q=inputs.text%20~%20secret&sort=-cost");
    expect(address).toBe("/projects/1/events#?q=inputs.text%20~%20secret&sort=-cost");
    expect(new URL(address, "http://control.test").search).toBe("");
  });

  it.each(["/", "/projects/1/sessions", "/projects/1/events?q=a%20%23%20b&columns=x%3Fy"])(
    "reads %s back",
    (path) => {
      expect(located(addressOf(path))).toBe(path);
    },
  );

  it("takes a query that was typed as people type one", () => {
    expect(located("/projects/1/events?q=a")).toBe("/projects/1/events?q=a");
    expect(located("/projects/1/events?q=a#content")).toBe("/projects/1/events?q=a");
    expect(located("/projects/1/events?q=a#?q=b")).toBe("/projects/1/events?q=b");
  });
});
