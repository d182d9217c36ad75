/**
 * Characters that hide or turn text, made visible (SECURITY H65): escape sequences of terminals,
 * marks of direction, characters without width. Whoever reads a prompt must see what is in it.
 */

/**
 * C0 and C1 without tab, line feed and carriage return; separators; annotations; the blank of
 * Braille; and all that Unicode lets a renderer leave out: direction, no width, fillers, tags,
 * selectors of variations (https://www.unicode.org/reports/tr44/#Default_Ignorable_Code_Point).
 */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\u2800\ufff9-\ufffb\p{Default_Ignorable_Code_Point}]/gu;
const JOINER = 0x200d;
const BRAILLE_BLANK = 0x2800;
const PICTURE = /^(?:\p{Extended_Pictographic}|\ufe0f|\p{Emoji_Modifier})$/u;
const EMOJI = /^\p{Emoji}$/u;
const KEY = /^[0-9#*]$/;
const KEYCAP = "\u20e3";
const HAN = /^\p{Script=Han}$/u;
const BRAILLE = /^[\u2801-\u28ff]$/;

/** Of a label, a name or a title: longer ones tell people no more. */
const LABEL = 200;

/** The text with a name in place of each character that hides or turns. */
export function makeVisible(text: string): string {
  return text.replace(HIDDEN, (character, at: number) =>
    isHarmless(text, character, at) ? character : nameOf(character),
  );
}

/** The beginning of a text as a label: bounded, visible, with an ellipsis where it is cut. */
export function labelOf(text: string, most: number = LABEL): string {
  return text.length > most ? `${makeVisible(text.slice(0, most))}…` : makeVisible(text);
}

/** Where such a character only makes another look as people write it. */
function isHarmless(text: string, character: string, at: number): boolean {
  const code = character.codePointAt(0) ?? 0;
  const before = characterBefore(text, at);
  const after = characterAt(text, at + character.length);
  if (code === JOINER) return PICTURE.test(before) && PICTURE.test(after);
  if (code === 0xfe0e || code === 0xfe0f)
    return EMOJI.test(before) && (!KEY.test(before) || after === KEYCAP);
  if (isIdeographicVariation(code)) return HAN.test(before);
  return code === BRAILLE_BLANK && (BRAILLE.test(before) || BRAILLE.test(after));
}

function isIdeographicVariation(code: number): boolean {
  return (code >= 0xfe00 && code <= 0xfe02) || (code >= 0xe0100 && code <= 0xe01ef);
}

function characterBefore(text: string, at: number): string {
  const pair = text.slice(Math.max(0, at - 2), at);
  return Array.from(pair).at(-1) ?? "";
}

function characterAt(text: string, at: number): string {
  const code = text.codePointAt(at);
  return code === undefined ? "" : String.fromCodePoint(code);
}

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
}
