/**
 * One reading of a session, page after page. The platform keeps no old revisions: while a session runs,
 * each page may be of a newer one than the page before.
 */
import { Columns, Outline, type OutlinePage } from "~/session/outline/outline";

export class Reading {
  #columns: Columns;
  #last: OutlinePage;
  #length = 0;
  #isOfOne = true;

  constructor(first: OutlinePage) {
    this.#columns = new Columns(first.count);
    this.#last = first;
    this.#write(first, 0);
  }

  /** The revision, where all pages are of one. */
  get revision(): string | undefined {
    return this.#isOfOne ? this.#last.revision : undefined;
  }

  /** Where the next page begins: with the last node that is here, by which it is seen to fit. */
  get next(): number | undefined {
    return this.#last.next_offset === null ? undefined : Math.max(0, this.#length - 1);
  }

  /**
   * Go on with the page from `next` on. New nodes of a running session mostly come last: if the last
   * node that is here stands where it stood, as many stand before it, and the page goes on from there.
   * False, and nothing is changed, if it does not: then the session must be read from the beginning.
   */
  add(page: OutlinePage): boolean {
    const from = this.next ?? this.#length;
    if (page.revision !== this.#last.revision) {
      if (page.nodes.event_id[0] !== this.#columns.ids[from]) return false;
      if (page.count > this.#columns.capacity)
        this.#columns = new Columns(page.count, this.#columns);
      this.#isOfOne = false;
    }
    this.#write(page, from);
    return true;
  }

  /** What is here so far. */
  outline(): Outline {
    const { session, revision, count, behind } = this.#last;
    return new Outline(session, revision, count, this.#columns, this.#length, !!behind);
  }

  #write(page: OutlinePage, from: number): void {
    this.#length = this.#columns.write(from, page.nodes);
    this.#last = page;
    // Earlier pages do not know of the nodes that came below theirs since.
    if (!this.#isOfOne && page.next_offset === null) this.#columns.countDescendants(this.#length);
  }
}
