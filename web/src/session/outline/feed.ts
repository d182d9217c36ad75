/** A session as it grows: its first rows at once, the rest page by page, then again when it changed. */
import { ApiError } from "~/api/failure";
import { type Facts, factsOf } from "~/session/outline/facts";
import type { Outline, OutlinePage } from "~/session/outline/outline";
import { inPieces } from "~/session/outline/pieces";
import { Reading } from "~/session/outline/reading";

/** Enough to fill a screen. */
const FIRST = 250;
/** What a slow machine reads and writes down without a pause that people notice. */
const PAGE = 10_000;
/** At most so often does one look begin from the first page again, each time after a pause. */
const RESTARTS = 3;
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
  /** The revision of what is shown, where all of it is of that one. */
  #known: string | undefined;
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

  /** Read now, whatever went wrong before. */
  readonly retry = (): void => {
    this.#recover();
    this.start();
  };

  async #follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const before = performance.now();
      try {
        await this.#look(signal);
        if (!signal.aborted) this.#recover();
      } catch (error) {
        if (signal.aborted) return;
        this.#show({ ...this.#state, error });
        if (!mayPass(error)) return;
      }
      await pause(Math.max(this.#pause(), REST * (performance.now() - before)), signal);
    }
  }

  #pause(): number {
    const { error, facts } = this.#state;
    if (error instanceof ApiError && error.retryAfter) {
      return Math.max(PAUSES_MS.calm, 1000 * error.retryAfter);
    }
    if (error || !facts) return PAUSES_MS.calm;
    const age = Date.now() - facts.outline.session.end_time;
    if (age < LIVELY_MS) return PAUSES_MS.lively;
    return age < CALM_MS ? PAUSES_MS.calm : PAUSES_MS.old;
  }

  async #look(signal: AbortSignal): Promise<void> {
    const limit = this.#state.facts ? PAGE : FIRST;
    let first = await this.read(0, limit, this.#known, signal);
    for (let restarts = 0; first; restarts += 1) {
      if (await this.#readOn(first, signal)) return;
      if (restarts === RESTARTS) return;
      await pause(PAUSES_MS.lively, signal);
      signal.throwIfAborted();
      first = await this.read(0, PAGE, undefined, signal);
    }
  }

  /** The rest of what `first` began. False if the session changed meanwhile so that nothing fits. */
  async #readOn(first: OutlinePage, signal: AbortSignal): Promise<boolean> {
    const reading = new Reading(first);
    while (reading.next !== undefined) {
      const following = this.read(reading.next, PAGE, undefined, signal);
      following.catch(() => undefined);
      if (this.#isWorthShowing(reading.outline())) await this.#offer(reading, signal);
      const page = await following;
      if (page && reading.add(page)) continue;
      // What was read is of one revision and right as far as it goes.
      if (this.#isMore(reading.outline())) await this.#offer(reading, signal);
      return false;
    }
    await this.#offer(reading, signal);
    return true;
  }

  /** What is not whole is shown only where nothing whole is, and not too often. */
  #isWorthShowing(outline: Outline): boolean {
    const isSoon = performance.now() - this.#shownAt < SHOW_EVERY_MS;
    return this.#isMore(outline) && !(isSoon && this.#state.facts);
  }

  #isMore(outline: Outline): boolean {
    const shown = this.#state.facts?.outline;
    return !shown || (!shown.isComplete && outline.length >= shown.length);
  }

  async #offer(reading: Reading, signal: AbortSignal): Promise<void> {
    const outline = reading.outline();
    this.#show({ facts: await inPieces(factsOf(outline), signal) });
    this.#known = outline.isComplete ? reading.revision : undefined;
    this.#shownAt = performance.now();
  }

  #recover(): void {
    const { facts, error } = this.#state;
    if (error !== undefined) this.#show(facts ? { facts } : {});
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
