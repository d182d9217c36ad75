/** A session as it grows: its first rows at once, the rest page by page, then again when it changed. */
import { ApiError } from "~/api/failure";
import { type Facts, factsOf } from "~/session/outline/facts";
import { Columns, Outline, type OutlinePage } from "~/session/outline/outline";
import { inPieces } from "~/session/outline/pieces";

/** Enough to fill a screen. */
const FIRST = 250;
/** What a slow machine reads and writes down without a pause that people notice. */
const PAGE = 10_000;
/** Between two looks at a session that has just changed, that has not for a while, and an old one. */
const PAUSES_MS = { lively: 1_500, calm: 5_000, old: 30_000 } as const;
const LIVELY_MS = 2 * 60_000;
const CALM_MS = 60 * 60_000;
/** Of time spent on reading, at least this many times as much is spent on not reading. */
const REST = 2;
/** While pages come, the screen is drawn again at most this often. */
const SHOW_EVERY_MS = 400;

export interface FeedState {
  /** As far as they are there. */
  readonly facts?: Facts;
  /** Why there is nothing, or nothing newer. */
  readonly error?: unknown;
}

/** Reads nodes from a place on; undefined: still the known revision. */
export type ReadPage = (
  offset: number,
  limit: number,
  known: string | undefined,
  signal: AbortSignal,
) => Promise<OutlinePage | undefined>;

export class OutlineFeed {
  #state: FeedState = {};
  #running: AbortController | undefined;
  #shownAt = 0;
  readonly #watchers = new Set<() => void>();

  constructor(readonly read: ReadPage) {}

  readonly subscribe = (tell: () => void): (() => void) => {
    this.#watchers.add(tell);
    return () => this.#watchers.delete(tell);
  };

  readonly state = (): FeedState => this.#state;

  /** Read now, and again until stopped. */
  readonly start = (): void => {
    this.stop();
    this.#running = new AbortController();
    void this.#follow(this.#running.signal);
  };

  readonly stop = (): void => {
    this.#running?.abort();
    this.#running = undefined;
  };

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const before = performance.now();
      try {
        await this.#look(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#show({ ...this.#state, error });
        if (!mayPass(error)) return;
      }
      await pause(Math.max(this.#pause(), REST * (performance.now() - before)), signal);
    }
  }

  #pause(): number {
    const end = this.#state.facts?.outline.session.end_time;
    const age = end === undefined ? 0 : Date.now() - end;
    if (this.#state.error || !this.#state.facts) return PAUSES_MS.calm;
    if (age < LIVELY_MS) return PAUSES_MS.lively;
    return age < CALM_MS ? PAUSES_MS.calm : PAUSES_MS.old;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const shown = this.#state.facts?.outline;
    const known = shown?.isComplete ? shown.revision : undefined;
    const first = await this.read(0, shown ? PAGE : FIRST, known, signal);
    if (first) await this.#readOn(first, signal);
    else if (this.#state.error) this.#show(this.#state.facts ? { facts: this.#state.facts } : {});
  }

  /** The rest of what `first` began; from the beginning when the session changes meanwhile. */
  async #readOn(first: OutlinePage, signal: AbortSignal): Promise<void> {
    let page: OutlinePage | undefined = first;
    let columns = new Columns(first.count);
    let [revision, length] = [first.revision, 0];
    while (page) {
      if (page.revision !== revision) {
        page = await this.read(0, PAGE, undefined, signal);
        if (!page) return;
        columns = new Columns(page.count);
        [revision, length] = [page.revision, 0];
      }
      const following: Promise<OutlinePage | undefined> | undefined =
        page.next_offset === null
          ? undefined
          : this.read(page.next_offset, PAGE, undefined, signal);
      following?.catch(() => undefined);
      length = columns.write(length, page.nodes);
      const { session, count, behind } = page;
      await this.#offer(new Outline(session, revision, count, columns, length, !!behind), signal);
      page = await following;
    }
  }

  /** What is whole is shown; what is not, only where nothing whole is shown yet. */
  async #offer(outline: Outline, signal: AbortSignal): Promise<void> {
    const shown = this.#state.facts?.outline;
    const isSoon = performance.now() - this.#shownAt < SHOW_EVERY_MS;
    if (!outline.isComplete && shown && (shown.isComplete || isSoon)) return;
    if (!outline.isComplete && shown && outline.length < shown.length) return;
    this.#show({ facts: await inPieces(factsOf(outline), signal) });
    this.#shownAt = performance.now();
  }

  #show(state: FeedState): void {
    this.#state = state;
    for (const tell of this.#watchers) tell();
  }
}

/** A session that is not there may still come. */
function mayPass(error: unknown): boolean {
  return error instanceof ApiError && (error.isPassing || error.status === 404);
}

/** Waits, and on while nobody looks. Returns at once when aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    let timer = setTimeout(end, ms);
    function end(): void {
      if (document.hidden && !signal.aborted) {
        timer = setTimeout(end, PAUSES_MS.lively);
        return;
      }
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    }
    signal.addEventListener("abort", end);
  });
}
