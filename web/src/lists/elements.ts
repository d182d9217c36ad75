/**
 * The elements of an array inside a JSON document, as the very text that they were sent as. Reading
 * and writing them again would change numbers that JavaScript cannot hold, and the order of keys.
 */

/**
 * Texts of the elements of the array at the top-level key `key`, and the document without them.
 *
 * Throws `SyntaxError` where the text is no JSON object; what stands inside the elements is not
 * checked.
 */
export function elementsOf(json: string, key: string): { elements: string[]; rest: unknown } {
  const start = arrayStart(json, key);
  if (start === undefined) return { elements: [], rest: JSON.parse(json) };
  const elements: string[] = [];
  let at = start + 1;
  for (;;) {
    at = skipSpace(json, at);
    if (json[at] === "]") break;
    const end = valueEnd(json, at);
    elements.push(json.slice(at, end));
    at = skipSpace(json, end);
    if (json[at] === ",") at += 1;
  }
  return { elements, rest: JSON.parse(`${json.slice(0, start)}[]${json.slice(at + 1)}`) };
}

function arrayStart(json: string, key: string): number | undefined {
  let at = skipSpace(json, 0);
  if (json[at] !== "{") throw new SyntaxError("The answer is no JSON object");
  at = skipSpace(json, at + 1);
  while (json[at] === '"') {
    const keyEnd = stringEnd(json, at);
    const name: unknown = JSON.parse(json.slice(at, keyEnd));
    const value = skipSpace(json, skipSpace(json, keyEnd) + 1);
    if (name === key && json[value] === "[") return value;
    at = skipSpace(json, valueEnd(json, value));
    if (json[at] === ",") at = skipSpace(json, at + 1);
  }
  return undefined;
}

/** The offset behind the value that begins at `at`. */
function valueEnd(json: string, at: number): number {
  if (json[at] === '"') return stringEnd(json, at);
  if (json[at] !== "{" && json[at] !== "[") return scalarEnd(json, at);
  let depth = 0;
  for (let index = at; index < json.length; index += 1) {
    const character = json[index];
    if (character === '"') index = stringEnd(json, index) - 1;
    else if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    if (depth === 0) return index + 1;
  }
  throw new SyntaxError("The answer ends within a value");
}

function stringEnd(json: string, at: number): number {
  for (let index = at + 1; index < json.length; index += 1) {
    if (json[index] === "\\") index += 1;
    else if (json[index] === '"') return index + 1;
  }
  throw new SyntaxError("The answer ends within a string");
}

function scalarEnd(json: string, at: number): number {
  let end = at;
  while (end < json.length && !/[\s,\]}]/.test(json[end] ?? "")) end += 1;
  if (end === at) throw new SyntaxError("The answer lacks a value");
  return end;
}

function skipSpace(json: string, at: number): number {
  let next = at;
  while (/\s/.test(json[next] ?? "")) next += 1;
  return next;
}
