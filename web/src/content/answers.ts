/** Which call of a tool each answer belongs to. */
import type { Message, ToolCall } from "~/content/messages";

export type Answers = ReadonlyMap<ToolCall, Message>;

/**
 * Answers of tools stand with their calls; those whose call is not here stand by themselves. Ids may
 * repeat (`call_0` in each turn): an answer is of the latest message that asked and was not
 * answered yet, and within it of the first such call.
 */
export function pairAnswers(messages: readonly Message[]): { shown: Message[]; answers: Answers } {
  const open = new Map<string, ToolCall[][]>();
  const answers = new Map<ToolCall, Message>();
  const shown = messages.filter((message) => {
    const call = message.toolCalls.length ? undefined : take(open, message.answers);
    if (call) answers.set(call, message);
    else ask(open, message.toolCalls);
    return !call;
  });
  return { shown, answers };
}

function take(open: ReadonlyMap<string, ToolCall[][]>, id: string | undefined) {
  const groups = id === undefined ? undefined : open.get(id);
  const call = groups?.at(-1)?.shift();
  if (groups?.at(-1)?.length === 0) groups.pop();
  return call;
}

function ask(open: Map<string, ToolCall[][]>, calls: readonly ToolCall[]): void {
  for (const id of new Set(calls.map((call) => call.id))) {
    if (id === undefined) continue;
    const groups = open.get(id) ?? [];
    groups.push(calls.filter((call) => call.id === id));
    open.set(id, groups);
  }
}
