import { describe, expect, it } from "vitest";
import { destinationOf, hrefOf } from "~/lists/opening";

describe("opening a row", () => {
  it("leads from a session to its page", () => {
    const row = { event_type: "session", event_id: "s/1", session_id: "s/1" } as const;
    expect(hrefOf("p", row)).toBe("/projects/p/sessions/s%2F1");
  });

  it("leads from an event to its place in its session", () => {
    const row = { event_type: "tool", event_id: "e1", session_id: "s1" } as const;
    expect(hrefOf("p", row)).toBe("/projects/p/sessions/s1#?event=e1");
    expect(destinationOf("p", row).search).toEqual({ event: "e1" });
  });

  it("keeps an id that looks like a number a text", () => {
    const row = { event_type: "tool", event_id: "12", session_id: "s1" } as const;
    expect(hrefOf("p", row)).toBe("/projects/p/sessions/s1#?event=%2212%22");
  });
});
