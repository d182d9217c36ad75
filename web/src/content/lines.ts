const LONGEST = 100_000;

/** Whether a line of the text is longer than an editor can wrap and colour at once. */
export function hasLongLine(text: string): boolean {
  for (let at = 0; at + LONGEST < text.length; ) {
    const end = text.lastIndexOf("\n", at + LONGEST);
    if (end < at) return true;
    at = end + 1;
  }
  return false;
}
