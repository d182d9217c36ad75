/**
 * Characters that hide or turn text, made visible (SECURITY H65): escape sequences of terminals,
 * marks of direction, characters without width. Whoever reads a prompt must see what is in it.
 */

/** C0 and C1 without tab, line feed and carriage return; direction; no width; tags; separators. */
const HIDDEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
const JOINER = "\u200d";
const PICTURE = /\p{Extended_Pictographic}|\ufe0f|\p{Emoji_Modifier}/u;

export function makeVisible(text: string): string {
  return text.replace(HIDDEN, (character, at: number) =>
    isPartOfPicture(text, character, at) ? character : nameOf(character),
  );
}

/** A joiner between two pictures makes one of them; it hides nothing. */
function isPartOfPicture(text: string, character: string, at: number): boolean {
  if (character !== JOINER) return false;
  const before = text.slice(Math.max(0, at - 2), at);
  const after = text.slice(at + 1, at + 3);
  return PICTURE.test(before) && PICTURE.test(after);
}

function nameOf(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `‹U+${code.toString(16).toUpperCase().padStart(4, "0")}›`;
}
