/**
 * What each call of a model added to a conversation. A call repeats the history it was given; only
 * what nobody has said yet is shown.
 */
import { isObject, type Json, type Message, readHistory, readMessage } from "~/content/messages";

export interface Turn {
  readonly eventId: string;
  /** Said since the turns before: of the request, then the answer. */
  readonly messages: readonly Message[];
}

export interface Call {
  readonly eventId: string;
  readonly inputs: Json | undefined;
  readonly outputs: Json | undefined;
}

/** Turns of calls in the order in which they began. */
export function turnsOf(calls: readonly Call[]): Turn[] {
  const said = new Map<string, number>();
  const asked = new Map<string, Message[]>();
  return calls.map(({ eventId, inputs, outputs }) => {
    const history = requested(inputs);
    const answer = readMessage(outputs);
    const fresh = unsaid(history, said).filter((message) => !toItsCall(message, asked));
    const messages = answer ? [...fresh, answer] : fresh;
    remember(answer ? [...history, answer] : history, said);
    for (const { id } of messages.flatMap((one) => one.toolCalls)) if (id) asked.set(id, messages);
    return { eventId, messages };
  });
}

/** A tool's answer is first told to the next call of the model; it belongs to the turn that asked. */
function toItsCall(message: Message, asked: ReadonlyMap<string, Message[]>): boolean {
  const turn = message.answers === undefined ? undefined : asked.get(message.answers);
  turn?.push(message);
  return turn !== undefined;
}

function requested(inputs: Json | undefined): readonly Message[] {
  if (!isObject(inputs)) return readHistory(inputs) ?? [];
  return readHistory(inputs["chat_history"] ?? inputs["messages"]) ?? [];
}

/** A message may rightly be said twice: it is new when it stands more often than ever before. */
function unsaid(history: readonly Message[], said: ReadonlyMap<string, number>): Message[] {
  const met = new Map<string, number>();
  return history.filter((message) => {
    const key = keyOf(message);
    const times = (met.get(key) ?? 0) + 1;
    met.set(key, times);
    return times > (said.get(key) ?? 0);
  });
}

function remember(messages: readonly Message[], said: Map<string, number>): void {
  const met = new Map<string, number>();
  for (const message of messages) {
    const key = keyOf(message);
    met.set(key, (met.get(key) ?? 0) + 1);
  }
  for (const [key, times] of met) said.set(key, Math.max(times, said.get(key) ?? 0));
}

function keyOf({ role, parts, toolCalls, answers }: Message): string {
  const calls = toolCalls.map((call) => [call.name, call.arguments]);
  return JSON.stringify([role, parts, calls, answers ?? null]);
}
