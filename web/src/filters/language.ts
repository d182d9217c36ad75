/**
 * The text form of a list of filters: what people type, copy and share.
 *
 *     event_type = model  duration > 2000  metadata.user_id ~ "ann"  error exists
 *
 * Conditions stand side by side and all must hold; `AND` between them is allowed and means nothing.
 * A bare number that reads back as it is written, `true`, `false` and an ISO date have their own types; everything else, and all
 * that is quoted, is text. A field whose name holds spaces or signs is quoted too.
 */
import type { Filter, FilterType, Operator } from "~/filters/filter";
import { needsValue, OPERATORS } from "~/filters/filter";
import { text as texts } from "~/text/en";

const words = texts.lists.filter.problems;

/** What is wrong with a text, and where. */
export interface Problem {
  /** Offsets into the text: from the first character to the one behind the last. */
  readonly from: number;
  readonly to: number;
  readonly message: string;
}

export interface Parsed {
  readonly filters: readonly Filter[];
  readonly problems: readonly Problem[];
}

export interface Token {
  readonly kind: "word" | "quoted" | "sign" | "open";
  readonly text: string;
  readonly from: number;
  readonly to: number;
}

const SIGNS: Readonly<Record<string, Operator>> = {
  "=": "is",
  "!=": "is not",
  "~": "contains",
  "!~": "not contains",
  ">": "greater than",
  "<": "less than",
};
const SIGN_OF: Readonly<Partial<Record<Operator, string>>> = {
  is: "=",
  "is not": "!=",
  contains: "~",
  "not contains": "!~",
  "greater than": ">",
  "less than": "<",
  after: ">",
  before: "<",
};
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;
const PLAIN = /^[^\s"=~<>!\\]+$/;
const TOKEN = /"((?:[^"\\]|\\.)*)"|(!=|!~|[=~<>])|([^\s"=~<>!]+|!)|(")/gy;

/** Read a text; what cannot be read is a problem and no filter. */
export function parse(text: string): Parsed {
  const tokens = tokenize(text);
  const filters: Filter[] = [];
  const problems: Problem[] = [];
  let next = 0;
  while (next < tokens.length) {
    const { filter, problem, used } = condition(tokens.slice(next, next + 3));
    if (filter) filters.push(filter);
    if (problem) problems.push(problem);
    next += used;
  }
  return { filters, problems };
}

/** The text that `parse` reads back as these filters. */
export function format(filters: readonly Filter[]): string {
  return filters.map(formatOne).join(" ");
}

export function formatOne(filter: Filter): string {
  const field = fieldName(filter.field);
  if (!needsValue(filter.operator)) return `${field} ${filter.operator}`;
  return `${field} ${SIGN_OF[filter.operator]} ${literal(filter)}`;
}

interface Condition {
  readonly filter?: Filter;
  readonly problem?: Problem;
  readonly used: number;
}

function condition(tokens: readonly Token[]): Condition {
  const [field, sign, value] = tokens;
  if (!field || isAnd(field)) return { used: 1 };
  if (field.kind !== "word" && field.kind !== "quoted") {
    return { used: 1, problem: problem(field, words.field) };
  }
  if (sign?.kind === "word" && sign.text === "exists") {
    return { used: 2, filter: { field: field.text, operator: "exists", type: "string" } };
  }
  if (sign?.text === "not" && value?.text === "exists") {
    return { used: 3, filter: { field: field.text, operator: "not exists", type: "string" } };
  }
  const operator = sign?.kind === "sign" ? SIGNS[sign.text] : undefined;
  if (!operator) {
    return { used: 1, problem: problem(sign ?? field, words.sign(field.text)) };
  }
  if (!value || value.kind === "sign") {
    return { used: 2, problem: problem(sign ?? field, words.value(sign?.text ?? "")) };
  }
  if (value.kind === "open") {
    return { used: 3, problem: problem(value, words.open) };
  }
  return comparison(field, operator, value);
}

function comparison(field: Token, sign: Operator, value: Token): Condition {
  const [type, read] = typed(value, sign);
  const operator = type === "datetime" ? ofTimes(sign) : sign;
  if (!OPERATORS[type].includes(operator)) {
    const message =
      sign === "greater than" || sign === "less than"
        ? words.order(value.text)
        : words.texts(SIGN_OF[sign] ?? "", value.text);
    return { used: 3, problem: problem(value, message) };
  }
  return { used: 3, filter: { field: field.text, operator, type, value: read } };
}

function typed(token: Token, sign: Operator): [FilterType, string | number | boolean] {
  const isText = token.kind === "quoted" || sign === "contains" || sign === "not contains";
  if (isText) return ["string", token.text];
  if (isNumber(token.text, sign)) return ["number", Number(token.text)];
  if (token.text === "true" || token.text === "false") return ["boolean", token.text === "true"];
  if (TIME.test(token.text) && !Number.isNaN(Date.parse(token.text))) {
    return ["datetime", token.text];
  }
  return ["string", token.text];
}

/**
 * Whether a bare word is meant as a number. Where it must be equal to something it is one only if it
 * reads back as it was typed: `01234`, `1.50` and what a number cannot hold are text, as ids are.
 */
function isNumber(text: string, sign: Operator): boolean {
  const value = Number(text);
  if (!NUMBER.test(text) || !Number.isFinite(value)) return false;
  return sign === "greater than" || sign === "less than" || String(value) === text;
}

function ofTimes(sign: Operator): Operator {
  if (sign === "greater than") return "after";
  return sign === "less than" ? "before" : sign;
}

/** A name as the text form writes it: in quotation marks where it would not be read as one word. */
export function fieldName(field: string): string {
  return PLAIN.test(field) && !isAnd({ kind: "word", text: field }) ? field : quoted(field);
}

function quoted(text: string): string {
  return `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
}

function literal({ type, value }: Filter): string {
  if (type !== "string") return String(value);
  const text = String(value);
  const isPlain =
    PLAIN.test(text) && typed({ kind: "word", text, from: 0, to: 0 }, "is")[0] === type;
  return isPlain ? text : quoted(text);
}

export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? "")) {
      at += 1;
      continue;
    }
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (!found) break;
    const to = TOKEN.lastIndex;
    const [, quoted, sign, word] = found;
    if (quoted !== undefined) {
      tokens.push({ kind: "quoted", text: quoted.replaceAll(/\\(.)/gs, "$1"), from: at, to });
    } else if (sign !== undefined) {
      tokens.push({ kind: "sign", text: sign, from: at, to });
    } else if (word !== undefined) {
      tokens.push({ kind: "word", text: word, from: at, to });
    } else {
      tokens.push({ kind: "open", text: text.slice(at), from: at, to: text.length });
      break;
    }
    at = to;
  }
  return tokens;
}

function isAnd(token: Pick<Token, "kind" | "text">): boolean {
  return token.kind === "word" && token.text.toUpperCase() === "AND";
}

function problem(token: Token, message: string): Problem {
  return { from: token.from, to: token.to, message };
}
