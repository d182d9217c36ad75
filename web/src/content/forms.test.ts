import { describe, expect, it } from "vitest";
import { formsOf } from "~/content/forms";

const names = (value: unknown) => formsOf(value as never).map(({ name }) => name);

describe("how a value is shown", () => {
  it.each([
    [{}, []],
    [null, []],
    [undefined, []],
    [{ chat_history: [{ role: "user", content: "hi" }] }, ["chat", "json"]],
    [{ role: "assistant", content: "hi", finish_reason: "stop" }, ["chat", "json"]],
    [{ question: "why?" }, ["markdown", "text", "json"]],
    [{ a: 1, b: "two" }, ["json"]],
    [[1, 2], ["json"]],
  ])("%j as %j", (value, forms) => {
    expect(names(value)).toEqual(forms);
  });

  it("never hides what stands beside a conversation", () => {
    expect(names({ chat_history: [{ role: "user", content: "hi" }], secret: 1 })).toEqual(["json"]);
    const [chat] = formsOf({ role: "assistant", content: "hi", extra: 1 });
    expect(chat).toHaveProperty("messages.0.parts.1.value", { extra: 1 });
  });
});
