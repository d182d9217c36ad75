/** What may be typed next at a place in the text form of filters. */
import type { Filter, FilterType, Operator } from "~/filters/filter";
import { formatOne, type Token, tokenize } from "~/filters/language";

export type Stage = "field" | "operator" | "value";

export interface Place {
  readonly stage: Stage;
  /** What the place holds already, up to the caret: a choice replaces all of it. */
  readonly typed: string;
  readonly from: number;
  readonly to: number;
  /** Of the condition that the place is in; not there before its field is written. */
  readonly field?: string;
  readonly operator?: Operator;
}

export interface OperatorChoice {
  readonly written: string;
  readonly operator: Operator;
}

const SIGNS: readonly OperatorChoice[] = [
  { written: "=", operator: "is" },
  { written: "!=", operator: "is not" },
  { written: "~", operator: "contains" },
  { written: "!~", operator: "not contains" },
  { written: ">", operator: "greater than" },
  { written: "<", operator: "less than" },
  { written: "exists", operator: "exists" },
  { written: "not exists", operator: "not exists" },
];
const OF_TEXT = ["=", "!=", "~", "!~", "exists", "not exists"];
const OF_NUMBERS = ["=", "!=", ">", "<", "exists", "not exists"];
const NUMBERS =
  /^(duration|metadata\.(cost|num_\w+|\w+_tokens)|metrics\..*(score|count|ms|seconds))$/;
const TIMES = /^(start_time|end_time)$/;
const TEXTS = /^(event_(id|name|type)|session_id|parent_id|error|source|config\.(model|provider))$/;

/** Where the caret is: at a field, an operator or a value, and of what. */
export function placeAt(text: string, caret: number): Place {
  const tokens = tokenize(text.slice(0, caret));
  const last = tokens.at(-1);
  const isTouching = last !== undefined && last.to === caret && last.kind !== "quoted";
  const partial = isTouching && last.kind !== "sign" ? last : undefined;
  const before = partial ? tokens.slice(0, -1) : tokens;
  const open = openCondition(before);
  const to = partial ? endOfWord(text, caret, partial) : caret;
  const base = {
    typed: partial ? partial.text.replace(/^"/, "") : "",
    from: partial?.from ?? caret,
  };
  const [field, sign] = open;
  if (!field) return { stage: "field", ...base, to };
  if (!sign) {
    return { stage: "operator", ...base, to, field: field.text };
  }
  if (sign.text === "not") {
    return { stage: "operator", typed: "not", from: sign.from, to, field: field.text };
  }
  const operator = SIGNS.find(({ written }) => written === sign.text)?.operator;
  return { stage: "value", ...base, to, field: field.text, ...(operator ? { operator } : {}) };
}

/** The tokens of the condition that is not complete yet, none where a new one begins. */
function openCondition(tokens: readonly Token[]): readonly Token[] {
  let next = 0;
  while (next < tokens.length) {
    const [field, sign, value] = tokens.slice(next, next + 3);
    if (!field) break;
    if (!isName(field) || field.text.toUpperCase() === "AND") next += 1;
    else if (sign?.kind === "word" && sign.text === "exists") next += 2;
    else if (sign?.text === "not" && value?.text === "exists") next += 3;
    else if (sign && sign.kind !== "sign" && sign.text !== "not") next += 1;
    else if (value) next += 3;
    else return tokens.slice(next);
  }
  return [];
}

function isName({ kind }: Token): boolean {
  return kind === "word" || kind === "quoted";
}

function endOfWord(text: string, caret: number, { kind }: Token): number {
  if (kind === "open") {
    const quote = text.indexOf('"', caret);
    return quote < 0 ? caret : quote + 1;
  }
  const rest = /^[^\s"=~<>!]*/.exec(text.slice(caret))?.[0] ?? "";
  return caret + rest.length;
}

/** The text with a choice at a place, and where the caret stands after it. */
export function chosen(
  text: string,
  place: Place,
  choice: string,
): { text: string; caret: number } {
  const head = text.slice(0, place.from);
  const tail = text.slice(place.to).replace(/^\s+/, "");
  const gap = head && !/\s$/.test(head) ? " " : "";
  const made = `${head}${gap}${choice} `;
  return { text: made + tail, caret: made.length };
}

/** Names that fit what was typed: those that begin with it first, then whose last part does. */
export function rankFields(names: readonly string[], typed: string, most: number): string[] {
  const sought = typed.toLowerCase();
  if (!sought) return names.slice(0, most);
  return names
    .map((name) => ({ name, rank: rank(name.toLowerCase(), sought) }))
    .filter((one) => one.rank < 5)
    .sort((one, other) => one.rank - other.rank)
    .slice(0, most)
    .map(({ name }) => name);
}

function rank(name: string, sought: string): number {
  if (name === sought) return 0;
  if (name.startsWith(sought)) return 1;
  if (name.includes(`.${sought}`)) return 2;
  if (name.includes(`_${sought}`)) return 3;
  return name.includes(sought) ? 4 : 5;
}

/** Operators that make sense for a field, as far as its name tells what it holds. */
export function operatorsFor(field: string, typed: string): OperatorChoice[] {
  const fitting = SIGNS.filter(({ written }) => suits(field, written));
  return fitting.filter(({ written }) => written.startsWith(typed));
}

function suits(field: string, written: string): boolean {
  if (NUMBERS.test(field)) return OF_NUMBERS.includes(written);
  if (TIMES.test(field)) return written === ">" || written === "<";
  return TEXTS.test(field) ? OF_TEXT.includes(written) : true;
}

/** A value as the text form writes it. */
export function writtenValue(value: string | number | boolean): string {
  const type = typeof value as FilterType;
  const filter: Filter = { field: "f", operator: "is", type, value };
  return formatOne(filter).slice("f = ".length);
}
