import { expect, it } from "vitest";
import { pairAnswers } from "~/content/answers";
import { readHistory } from "~/content/messages";

const asks = (...names: string[]) => ({
  role: "assistant",
  content: "",
  tool_calls: names.map((name) => ({ id: "call_0", function: { name, arguments: "{}" } })),
});
const answer = (content: string) => ({ role: "tool", tool_call_id: "call_0", content });

function paired(messages: object[]) {
  const { shown, answers } = pairAnswers(readHistory(messages as never) ?? []);
  const told = Array.from(answers, ([{ name }, { parts }]) => [
    name,
    parts[0]?.kind === "text" ? parts[0].text : "",
  ]);
  return { alone: shown.filter(({ role }) => role === "tool").length, ...Object.fromEntries(told) };
}

it("gives each answer to the latest call before it, though ids repeat", () => {
  expect(paired([asks("paris"), answer("P"), asks("rome"), answer("R")])).toEqual({
    alone: 0,
    paris: "P",
    rome: "R",
  });
});

it("gives answers to calls of one message in their order", () => {
  expect(paired([asks("paris", "rome"), answer("P"), answer("R")])).toEqual({
    alone: 0,
    paris: "P",
    rome: "R",
  });
});

it("leaves an answer without a call by itself", () => {
  expect(paired([answer("early"), asks("paris"), answer("P"), answer("again")])).toEqual({
    alone: 2,
    paris: "P",
  });
});
