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

  it("shows what was asked again by calls that share no history", () => {
    const turns = ["yes", "no", "yes"].map((said, at) =>
      call(String(at), [user(said)], assistant("!")),
    );
    expect(texts(turns)).toEqual([
      ["yes", "!"],
      ["no", "!"],
      ["yes", "!"],
    ]);
  });

  it("shows what was asked again after a call that failed", () => {
    expect(
      texts([
        call("1", [user("a"), assistant("b"), user("c")], undefined),
        call("2", [user("a"), assistant("b"), user("c")], assistant("d")),
      ]),
    ).toEqual([
      ["a", "b", "c"],
      ["c", "d"],
    ]);
  });

  it("shows each message once where only the end of the history is repeated", () => {
    const system = { role: "system", content: "be brief" };
    expect(
      texts([
        call("1", [system, user("yes")], assistant("1")),
        call("2", [system, user("yes"), assistant("1"), user("yes")], assistant("2")),
        call(
          "3",
          [system, assistant("1"), user("yes"), assistant("2"), user("yes")],
          assistant("3"),
        ),
        call("4", [system, user("in short"), assistant("3"), user("no")], assistant("4")),
      ]),
    ).toEqual([
      ["be brief", "yes", "1"],
      ["yes", "2"],
      ["yes", "3"],
      ["in short", "no", "4"],
    ]);
  });

  it("goes on from the branch that a call follows", () => {
    expect(
      texts([
        call("1", [user("a")], assistant("b")),
        call("2", [user("a"), assistant("b"), user("left")], assistant("l")),
        call("3", [user("a"), assistant("b"), user("right")], assistant("r")),
      ]),
    ).toEqual([
      ["a", "b"],
      ["left", "l"],
      ["right", "r"],
    ]);
  });

  it("shows all messages of an answer of several", () => {
    expect(texts([call("1", [user("a")], [assistant("b"), assistant("c")])])).toEqual([
      ["a", "b", "c"],
    ]);
  });

  it("lets a call without messages say nothing", () => {
    expect(turnsOf([{ eventId: "1", inputs: { prompt: 1 }, outputs: undefined }])).toEqual([
      { eventId: "1", messages: [] },
    ]);
  });
});
