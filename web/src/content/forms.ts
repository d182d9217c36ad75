/** In which forms a value can be shown, the best one first. */
import { isObject, type Json, type Message, readHistory, readMessage } from "~/content/messages";

export type Form =
  | { readonly name: "chat"; readonly messages: readonly Message[] }
  | { readonly name: "markdown"; readonly text: string }
  | { readonly name: "text"; readonly text: string }
  | { readonly name: "json"; readonly value: Json };

/** Empty for a value that says nothing. */
export function formsOf(value: Json | undefined): Form[] {
  if (value === undefined || isEmpty(value)) return [];
  const json: Form = { name: "json", value };
  const messages = conversation(value);
  if (messages) return [{ name: "chat", messages }, json];
  const text = only(value);
  if (text !== undefined) return [{ name: "markdown", text }, { name: "text", text }, json];
  return [json];
}

function isEmpty(value: Json): boolean {
  return value === null || value === "" || (typeof value === "object" && keysOf(value) === 0);
}

function keysOf(value: object): number {
  return Object.keys(value).length;
}

/** A key beside a history would be hidden by it; a message shows all of its own keys. */
function conversation(value: Json): readonly Message[] | undefined {
  if (!isObject(value)) return readHistory(value);
  if (keysOf(value) === 1 && "chat_history" in value) return readHistory(value["chat_history"]);
  const message = readMessage(value);
  return message && [message];
}

/** The text of a value that is one text and nothing else. */
function only(value: Json): string | undefined {
  if (typeof value === "string") return value;
  if (!isObject(value) || keysOf(value) !== 1) return undefined;
  const [one] = Object.values(value);
  return typeof one === "string" ? one : undefined;
}
