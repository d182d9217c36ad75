/**
 * What each call of a model added to a conversation. A call repeats the history it was given, whole
 * or its end; only what follows on what was said before is shown.
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

/** Of the transcripts before: so many are looked at for the end that a cut history begins with. */
const LATEST = 8;

/** Turns of calls in the order in which they began. */
export function turnsOf(calls: readonly Call[]): Turn[] {
  const said = new Transcripts();
  const asked = new Map<string, Message[]>();
  return calls.map(({ eventId, inputs, outputs }) => {
    const history = requested(inputs);
    const answers = answered(outputs);
    const fresh = withoutAnswers(said.freshOf(history), asked);
    const messages = [...fresh, ...answers];
    said.add([...history, ...answers]);
    for (const { id } of messages.flatMap((one) => one.toolCalls)) if (id) asked.set(id, messages);
    return { eventId, messages };
  });
}

/** A tool's answer is first told to the next call of the model; it belongs to the turn that asked. */
function withoutAnswers(fresh: readonly Message[], asked: ReadonlyMap<string, Message[]>) {
  const here = new Set<string | undefined>();
  return fresh.filter((message) => {
    for (const { id } of message.toolCalls) here.add(id);
    const { answers } = message;
    if (answers === undefined || here.has(answers)) return true;
    const turn = asked.get(answers);
    turn?.push(message);
    return turn === undefined;
  });
}

interface Step {
  readonly next: Map<string, Step>;
  /** Whether a transcript ends here. */
  isEnd: boolean;
}

/** All that calls before were given and answered, message by message. */
class Transcripts {
  readonly #root: Step = { next: new Map(), isEnd: false };
  readonly #latest: string[][] = [];

  add(transcript: readonly Message[]): void {
    if (transcript.length === 0) return;
    const keys = transcript.map(keyOf);
    let step = this.#root;
    for (const key of keys) {
      const next = step.next.get(key) ?? { next: new Map(), isEnd: false };
      step.next.set(key, next);
      step = next;
    }
    step.isEnd = true;
    this.#latest.unshift(keys);
    this.#latest.length = Math.min(this.#latest.length, LATEST);
  }

  /** What of a history is new. The same words asked once more are new: somebody asked again. */
  freshOf(history: readonly Message[]): readonly Message[] {
    const keys = history.map(keyOf);
    const { ended, common } = this.#along(keys);
    if (ended > 0 && ended < history.length) return history.slice(ended);
    const cut = this.#cut(keys);
    if (cut && cut.end < history.length)
      return history.filter((_, at) => at >= cut.end || cut.isNew(at));
    const user = history.findLastIndex(({ role }) => role === "user");
    return history.slice(Math.min(common, user === -1 ? history.length - 1 : user));
  }

  /** How far a history follows a transcript to its end, and how far any at all. */
  #along(keys: readonly string[]): { ended: number; common: number } {
    let [step, ended, common]: [Step | undefined, number, number] = [this.#root, 0, 0];
    for (const key of keys) {
      step = step.next.get(key);
      if (!step) break;
      common += 1;
      if (step.isEnd) ended = common;
    }
    return { ended, common };
  }

  /** Where a history that was cut, or whose beginning was told anew, goes on from a transcript. */
  #cut(keys: readonly string[]) {
    for (const transcript of this.#latest) {
      const end = keys.lastIndexOf(transcript.at(-1) ?? "") + 1;
      if (end === 0) continue;
      const told = new Set(transcript);
      return { end, isNew: (at: number) => !told.has(keys[at] ?? "") };
    }
    return undefined;
  }
}

/** What was read of a value once: threads are read again with each call that arrives. */
const histories = new WeakMap<object, readonly Message[]>();
const keys = new WeakMap<Message, string>();

function requested(inputs: Json | undefined): readonly Message[] {
  if (typeof inputs !== "object" || inputs === null) return [];
  const history = histories.get(inputs) ?? historyIn(inputs);
  histories.set(inputs, history);
  return history;
}

function historyIn(inputs: Json): readonly Message[] {
  if (!isObject(inputs)) return readHistory(inputs) ?? [];
  return readHistory(inputs["chat_history"] ?? inputs["messages"]) ?? [];
}

function answered(outputs: Json | undefined): readonly Message[] {
  const answer = readMessage(outputs);
  return answer ? [answer] : (readHistory(outputs) ?? []);
}

function keyOf(message: Message): string {
  const { role, parts, toolCalls, answers } = message;
  const calls = () => toolCalls.map((call) => [call.name, call.arguments]);
  const key = keys.get(message) ?? JSON.stringify([role, parts, calls(), answers ?? null]);
  keys.set(message, key);
  return key;
}
