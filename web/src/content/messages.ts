/** Reads the normal forms of a conversation (contract C: `inputs.chat_history`, `outputs`). */

export type Json =
  | null
  | boolean
  | number
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

/** The message that a value is, or undefined: one needs a role, and content or calls of tools. */
export function readMessage(value: Json | undefined): Message | undefined {
  if (!isObject(value) || typeof value["role"] !== "string") return undefined;
  const known = ["content", "tool_calls", "reasoning", "refusal"].some((key) => key in value);
  if (!known) return undefined;
  const { tool_call_id: answers, name, finish_reason: finishReason } = value;
  return {
    role: value["role"],
    parts: [
      ...textOf(value["reasoning"], "thinking"),
      ...partsOf(value["content"]),
      ...textOf(value["refusal"], "text"),
    ],
    toolCalls: callsOf(value["tool_calls"]),
    ...(typeof answers === "string" ? { answers } : {}),
    ...(typeof name === "string" ? { name } : {}),
    ...(typeof finishReason === "string" ? { finishReason } : {}),
  };
}

export function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function partsOf(content: Json | undefined): Part[] {
  if (content === undefined || content === null || content === "") return [];
  if (typeof content === "string") return [{ kind: "text", text: content }];
  if (Array.isArray(content)) return content.map(partOf);
  return [{ kind: "other", value: content }];
}

function partOf(value: Json): Part {
  if (typeof value === "string") return { kind: "text", text: value };
  if (!isObject(value)) return { kind: "other", value };
  const text = value["text"] ?? value["content"];
  const type = value["type"];
  if (type === "thinking" || type === "reasoning") {
    const thought = value["thinking"] ?? value["reasoning"] ?? text;
    if (typeof thought === "string") return { kind: "thinking", text: thought };
  }
  const image = imageOf(value);
  if (image) return { kind: "image", url: image };
  const file = fileOf(value);
  if (file) return file;
  if (typeof text === "string" && isText(type)) return { kind: "text", text };
  return { kind: "other", value };
}

function isText(type: Json | undefined): boolean {
  return type === undefined || (typeof type === "string" && type.endsWith("text"));
}

/** OpenAI's `image_url`, Anthropic's `source`, and the `blob` and `uri` parts of OTel GenAI. */
function imageOf(part: { readonly [key: string]: Json }): string | undefined {
  const url = part["image_url"];
  if (typeof url === "string") return url;
  if (isObject(url) && typeof url["url"] === "string") return url["url"];
  if (part["type"] === "image" || part["modality"] === "image") return urlOf(part);
  return undefined;
}

function fileOf(part: { readonly [key: string]: Json }): Part | undefined {
  const type = part["type"];
  if (type !== "file" && type !== "document" && type !== "audio" && type !== "blob")
    return undefined;
  const inner = isObject(part["file"]) ? part["file"] : part;
  const url = typeof inner["file_data"] === "string" ? inner["file_data"] : urlOf(inner);
  if (!url) return undefined;
  const name = inner["filename"] ?? inner["name"] ?? type;
  return { kind: "file", name: String(name), url };
}

function urlOf(part: { readonly [key: string]: Json }): string | undefined {
  const source = isObject(part["source"]) ? part["source"] : part;
  const direct = source["url"] ?? source["uri"];
  if (typeof direct === "string") return direct;
  const data = source["data"] ?? source["content"];
  const media = source["media_type"] ?? source["mime_type"];
  return typeof data === "string" && typeof media === "string"
    ? `data:${media};base64,${data}`
    : undefined;
}

function textOf(value: Json | undefined, kind: "text" | "thinking"): Part[] {
  return typeof value === "string" && value ? [{ kind, text: value }] : [];
}

function callsOf(value: Json | undefined): ToolCall[] {
  if (!Array.isArray(value)) return [];
  return (value as readonly Json[]).filter(isObject).map((call) => {
    const inner = isObject(call["function"]) ? call["function"] : call;
    return {
      ...(typeof call["id"] === "string" ? { id: call["id"] } : {}),
      name: typeof inner["name"] === "string" ? inner["name"] : "",
      arguments: inner["arguments"] ?? inner["args"] ?? null,
    };
  });
}
