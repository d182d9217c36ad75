/** Texts by number: each is kept once, however many nodes have it. */
export class Dictionary {
  readonly #numbers = new Map<string, number>();
  readonly #texts: string[] = [];

  /** The number of a text; `NONE` for none. */
  put(text: string | null): number {
    if (text === null) return NONE;
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    this.#numbers.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  get(number: number): string | undefined {
    return this.#texts[number];
  }

  get texts(): readonly string[] {
    return this.#texts;
  }
}

export const NONE = -1;
