/**
 * JSON in which no number changes. `JSON.parse` rounds what a JavaScript number cannot hold, such as
 * ids of 19 digits; here such a number keeps the digits that it was written with.
 */

/** A number that JavaScript would change: only its text says what it is. */
export class ExactNumber {
  constructor(
    /** As it was written, such as `1234567890123456789` or `1e400`. */
    readonly written: string,
  ) {}

  toString(): string {
    return this.written;
  }

  /** For `JSON.stringify` inside of `writeJson`, which takes the mark away. */
  toJSON(): string {
    return MARK + this.written;
  }
}

/** Begins a text that stands for a number. Nobody who writes JSON elsewhere can know it. */
const MARK = `number ${crypto.getRandomValues(new Uint32Array(4)).join("-")} `;
const MARKED = new RegExp(`"${MARK}([^"]*)"`, "g");
/**
 * A number that may not fit: up to 15 digits and exponents of two do (IEEE 754, binary64). Also finds
 * some within texts; whether it is none tells `marked`.
 */
const SUSPECT = /(?<=^|[[:,\s])-?(?:\d[\d.]{15,}(?:[eE][+-]?\d+)?|[\d.]+[eE][+-]?\d{3,})/g;

/** The value that a JSON text is. Throws `SyntaxError` where it is none, as `JSON.parse` does. */
export function readJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!hasLostNumber(text)) return value;
  try {
    return JSON.parse(marked(text), (_key, one: unknown) =>
      typeof one === "string" && one.startsWith(MARK)
        ? new ExactNumber(one.slice(MARK.length))
        : one,
    );
  } catch (error) {
    // Deeper than the engine passes values to a function: rounded is better than not at all.
    if (error instanceof RangeError) return value;
    throw error;
  }
}

/** The text of a value, its numbers as they were written. Throws where it is too deep to write. */
export function writeJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent) ?? "";
  return text.includes(MARK) ? text.replaceAll(MARKED, "$1") : text;
}

function hasLostNumber(text: string): boolean {
  SUSPECT.lastIndex = 0;
  for (let found = SUSPECT.exec(text); found; found = SUSPECT.exec(text)) {
    if (isLost(found[0])) return true;
  }
  return false;
}

/** Whether a JavaScript number has other digits than were written. */
export function isLost(written: string): boolean {
  const value = Number(written);
  return !Number.isFinite(value) || digitsOf(written) !== digitsOf(String(value));
}

/** What is significant in a number: without sign, point, exponent and the zeros around it. */
function digitsOf(written: string): string {
  const [mantissa = ""] = written.toLowerCase().split("e");
  const digits = mantissa.replaceAll(/[-.]/g, "").replace(/^0+/, "");
  let end = digits.length;
  while (digits[end - 1] === "0") end -= 1;
  return digits.slice(0, end);
}

/** The same text with each lost number as a marked text. What stands within texts stays. */
function marked(text: string): string {
  const pieces: string[] = [];
  let at = 0;
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    const end = quote < 0 ? text.length : quote;
    pieces.push(text.slice(at, end).replaceAll(SUSPECT, asMarked));
    if (quote < 0) break;
    at = stringEnd(text, quote);
    pieces.push(text.slice(quote, at));
  }
  return pieces.join("");
}

function asMarked(written: string): string {
  return isLost(written) ? `"${MARK}${written}"` : written;
}

/** The offset behind the string that begins at `quote`. */
function stringEnd(text: string, quote: number): number {
  let end = text.indexOf('"', quote + 1);
  while (end >= 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end < 0 ? text.length : end + 1;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === "\\") before -= 1;
  return (at - before) % 2 === 1;
}
