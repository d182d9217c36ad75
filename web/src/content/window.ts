/** Which calls of a long thread are held at once. */
export const FIRST = 12;
const STEP = 12;
/** Each may be of megabytes: what is far from the reader is let go, and read again on his return. */
const MOST = 60;

export interface Span {
  readonly from: number;
  readonly until: number;
}

export function further({ from, until }: Span): Span {
  return { from: Math.max(from, until + STEP - MOST), until: until + STEP };
}

export function earlier({ from, until }: Span): Span {
  const begin = Math.max(0, from - STEP);
  return { from: begin, until: Math.min(until, begin + MOST) };
}
