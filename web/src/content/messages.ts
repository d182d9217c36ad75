/** Reads the normal forms of a conversation (contract C: `inputs.chat_history`, `outputs`). */
import { ExactNumber } from "~/api/exactJson";

export type Json =
  | null
  | boolean
  | number
  | ExactNumber
  | string
  | readonly Json[]
  | { readonly [key: string]: Json };

export type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "thinking"; readonly text: string }
  | { readonly kind: "image"; readonly url: string }
  | { readonly kind: "file"; readonly name: string; readonly url: string }
  | { readonly kind: "other"; readonly value: Json };

export interface ToolCall {
  readonly id?: string;
  readonly name: string;
  readonly arguments: Json;
  /** What was told of it beside these. */
  readonly others?: readonly Part[];
}

export interface Message {
  readonly role: string;
  readonly parts: readonly Part[];
  readonly toolCalls: readonly ToolCall[];
  /** Of a tool's answer: the call that it answers. */
  readonly answers?: string;
  readonly name?: string;
  readonly finishReason?: string;
}

/** Images that a page may show by itself: no picture that could hold a script, none from afar. */
const RASTER = /^data:image\/(png|jpeg|gif|webp|avif);base64,[a-z0-9+/=\s]*$/i;

export function isShowable(url: string): boolean {
  return RASTER.test(url);
}

/** The messages of a value, or undefined where it is no list of messages. */
export function readHistory(value: Json | undefined): readonly Message[] | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const messages = value.map(readMessage);
  return messages.every((message) => message !== undefined) ? messages : undefined;
}

const SAID = ["content", "tool_calls", "function_call", "reasoning", "refusal"] as const;

/**
 * The message that a value is, or undefined: one needs a role, and content or calls of tools. What
 * is none of the keys that are known here is a part of its own: nothing that was recorded is hidden.
 */
export function readMessage(value: Json | undefined): Message | undefined {
  if (!isObject(value) || typeof value["role"] !== "string") return undefined;
  if (!SAID.some((key) => key in value)) return undefined;
  const { role, content, reasoning, refusal, tool_calls: calls, ...rest } = value;
  const { toolCalls, other } = callsOf(calls);
  const { tool_call_id: answers, name, finish_reason: finishReason, ...unknown } = rest;
  const kept = { tool_call_id: answers, name, finish_reason: finishReason };
  return {
    role: value["role"],
    parts: [
      ...textOf("reasoning", reasoning, "thinking"),
      ...partsOf(content),
      ...textOf("refusal", refusal, "text"),
      ...otherOf({ ...other, ...notText(kept), ...unknown }),
    ],
    toolCalls,
    ...(typeof answers === "string" ? { answers } : {}),
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof finishReason === "string" ? { finishReason } : {}),
  };
}

type Told = Readonly<Record<string, Json | undefined>>;

/** Those that are expected to be text, and are not. */
function notText(fields: Told): Told {
  return Object.fromEntries(Object.entries(fields).filter(([, one]) => typeof one !== "string"));
}

/** What says something and stands nowhere else, as one part. */
function otherOf(fields: Told): Part[] {
  const said = Object.entries(fields).filter(([, one]) => !isNothing(one));
  return said.length ? [{ kind: "other", value: Object.fromEntries(said) as Json }] : [];
}

function isNothing(value: Json | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  return typeof value === "object" && Object.keys(value).length === 0;
}

export function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  if (typeof value !== "object" || value === null) return false;
  return !Array.isArray(value) && !(value instanceof ExactNumber);
}

function partsOf(content: Json | undefined): Part[] {
  if (content === undefined || content === null || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (Array.isArray(content)) return content.flatMap(partOf);
  return [{ kind: "other", value: content }];
}

type Fields = { readonly [key: string]: Json };

/** Each in the form that suits it, and after it what that form does not show. */
function partOf(value: Json): Part[] {
  if (typeof value === "string") return [{ kind: "text", text: value }];
  if (!isObject(value)) return [{ kind: "other", value }];
  return thoughtOf(value) ?? pictureOf(value) ?? fileOf(value) ?? saidIn(value);
}

function thoughtOf(part: Fields): Part[] | undefined {
  if (part["type"] !== "thinking" && part["type"] !== "reasoning") return undefined;
  const key = firstOf(part, "thinking", "reasoning", "text", "content");
  const thought = key && part[key];
  if (typeof thought !== "string") return undefined;
  return [{ kind: "thinking", text: thought }, ...beside(part, ["type", key as string])];
}

function saidIn(part: Fields): Part[] {
  const key = firstOf(part, "text", "content");
  const said = key && part[key];
  if (typeof said !== "string" || !isText(part["type"])) return [{ kind: "other", value: part }];
  return [{ kind: "text", text: said }, ...beside(part, ["type", key as string])];
}

function firstOf(part: Fields, ...keys: readonly string[]): string | undefined {
  return keys.find((key) => part[key] !== undefined && part[key] !== null);
}

/** What a part tells beside the keys that are shown already. */
function beside(part: Fields, shown: readonly string[]): Part[] {
  return otherOf(Object.fromEntries(Object.entries(part).filter(([key]) => !shown.includes(key))));
}

function isText(type: Json | undefined): boolean {
  return type === undefined || (typeof type === "string" && type.endsWith("text"));
}

/** The keys by which a part, or the source in it, says where its bytes are and of what kind. */
const BYTES = ["type", "url", "uri", "data", "content", "media_type", "mime_type", "modality"];

function pictureOf(part: Fields): Part[] | undefined {
  const url = imageOf(part);
  if (url === undefined) return undefined;
  const inner = part["image_url"] ?? part["source"];
  return [
    { kind: "image", url },
    ...beside(part, [...BYTES, "image_url", "source"]),
    ...(isObject(inner) ? beside(inner, BYTES) : []),
  ];
}

/** OpenAI's `image_url`, Anthropic's `source`, and the `blob` and `uri` parts of OTel GenAI. */
function imageOf(part: Fields): string | undefined {
  const url = part["image_url"];
  if (typeof url === "string") return url;
  if (isObject(url) && typeof url["url"] === "string") return url["url"];
  if (part["type"] === "image" || part["modality"] === "image") return urlOf(part);
  return undefined;
}

const FILE = [...BYTES, "file", "source", "file_data", "filename", "name"];

function fileOf(part: Fields): Part[] | undefined {
  const type = part["type"];
  if (type !== "file" && type !== "document" && type !== "audio" && type !== "blob")
    return undefined;
  const inner = isObject(part["file"]) ? part["file"] : part;
  const url = typeof inner["file_data"] === "string" ? inner["file_data"] : urlOf(inner);
  if (!url) return undefined;
  const name = inner["filename"] ?? inner["name"] ?? type;
  const others = [part, inner, inner["source"] ?? null].filter(isObject);
  return [
    { kind: "file", name: String(name), url },
    ...[...new Set(others)].flatMap((one) => beside(one, FILE)),
  ];
}

function urlOf(part: Fields): string | undefined {
  const source = isObject(part["source"]) ? part["source"] : part;
  const direct = source["url"] ?? source["uri"];
  if (typeof direct === "string") return direct;
  const data = source["data"] ?? source["content"];
  const media = source["media_type"] ?? source["mime_type"];
  return typeof data === "string" && typeof media === "string"
    ? `data:${media};base64,${data}`
    : undefined;
}

function textOf(name: string, value: Json | undefined, kind: "text" | "thinking"): Part[] {
  if (typeof value === "string") return value ? [{ kind, text: value }] : [];
  return otherOf({ [name]: value });
}

interface Calls {
  readonly toolCalls: readonly ToolCall[];
  /** What stands where calls are expected, and is none. */
  readonly other: Told;
}

function callsOf(value: Json | undefined): Calls {
  if (!Array.isArray(value) || !value.every(isObject))
    return { toolCalls: [], other: { tool_calls: value } };
  const read = (value as readonly Fields[]).map(callOf);
  return { toolCalls: read, other: {} };
}

const TEXTS = new Set(["id", "name"]);
const OF_CALL = ["id", "name", "arguments", "function", "type", "index"];

function callOf(call: Fields): ToolCall {
  const inner = isObject(call["function"]) ? call["function"] : call;
  const key = firstOf(inner, "arguments", "args") ?? "arguments";
  const others = [...new Set([call, inner])].flatMap((one) => {
    const shown = OF_CALL.filter((known) => !TEXTS.has(known) || typeof one[known] === "string");
    return beside(one, [...shown, key]);
  });
  return {
    ...(typeof call["id"] === "string" ? { id: call["id"] } : {}),
    name: typeof inner["name"] === "string" ? inner["name"] : "",
    arguments: inner[key] ?? null,
    ...(others.length ? { others } : {}),
  };
}
