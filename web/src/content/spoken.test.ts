import { describe, expect, it } from "vitest";
import { type Call, turnsOf } from "~/content/spoken";

const user = (content: string) => ({ role: "user", content });
const assistant = (content: string) => ({ role: "assistant", content });
const call = (eventId: string, history: object[], answer: object | undefined): Call => ({
  eventId,
  inputs: { chat_history: history } as never,
  outputs: answer as never,
});
const texts = (calls: Call[]) =>
  turnsOf(calls).map(({ messages }) =>
    messages.map(({ parts }) => (parts[0]?.kind === "text" ? parts[0].text : "")),
  );

describe("a thread", () => {
  it("shows each message once, though every call repeats the history", () => {
    expect(
      texts([
        call("1", [user("a")], assistant("b")),
        call("2", [user("a"), assistant("b"), user("c")], assistant("d")),
      ]),
    ).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  it("shows what is rightly said twice", () => {
    expect(
      texts([
        call("1", [user("yes")], assistant("?")),
        call("2", [user("yes"), assistant("?"), user("yes")], assistant("?")),
      ]),
    ).toEqual([
      ["yes", "?"],
      ["yes", "?"],
    ]);
  });

  it("shows a tool's answer in the turn that asked for it", () => {
    const asks = {
      role: "assistant",
      content: "let me see",
      tool_calls: [{ id: "c", name: "look_up", arguments: {} }],
    };
    const found = { role: "tool", tool_call_id: "c", content: "found" };
    expect(
      texts([call("1", [user("a")], asks), call("2", [user("a"), asks, found], assistant("done"))]),
    ).toEqual([["a", "let me see", "found"], ["done"]]);
  });

  it("lets a call without messages say nothing", () => {
    expect(turnsOf([{ eventId: "1", inputs: { prompt: 1 }, outputs: undefined }])).toEqual([
      { eventId: "1", messages: [] },
    ]);
  });
});
