// @vitest-environment jsdom
import { afterEach, expect, test, vi } from "vitest";
import { ApiError } from "~/api/failure";
import { OutlineFeed } from "~/session/outline/feed";
import type { OutlinePage } from "~/session/outline/outline";
import { pageOf, totals } from "~/session/outline/sample";

let running: OutlineFeed | undefined;
afterEach(() => running?.stop());

test("pages are put together until the session is whole", async () => {
  const session = sessionOf("r1", 600);
  const feed = following((offset, limit) => session(offset, Math.min(limit, 100)));

  await vi.waitFor(() => expect(feed.state().facts?.outline.isComplete).toBe(true));

  expect(feed.state().facts?.outline.length).toBe(600);
  expect(feed.state().facts?.outline.placeOf("e599")).toBe(599);
});

test("when the session changes between two pages, it is read from the beginning", async () => {
  const old = sessionOf("r1", 300);
  const fresh = sessionOf("r2", 400);
  const feed = following((offset, limit) =>
    offset === 0 && limit < 1000 ? old(offset, limit) : fresh(offset, limit),
  );

  await vi.waitFor(() => expect(feed.state().facts?.outline.isComplete).toBe(true));

  const outline = feed.state().facts?.outline;
  expect([outline?.revision, outline?.length, outline?.id(399)]).toEqual(["r2", 400, "e399"]);
});

test("what is known is asked for by its revision, and shown until something newer is whole", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const asked: (string | undefined)[] = [];
  const feed = following((offset, limit, known) => {
    asked.push(known);
    return known === "r1" ? undefined : sessionOf("r1", 3)(offset, limit);
  });
  await vi.waitFor(() => expect(feed.state().facts?.outline.isComplete).toBe(true));
  const before = feed.state().facts;

  await vi.advanceTimersByTimeAsync(60_000);

  expect(asked.slice(0, 2)).toEqual([undefined, "r1"]);
  expect(feed.state().facts).toBe(before);
  vi.useRealTimers();
});

test("a refusal ends it, and says why", async () => {
  const feed = following(() => {
    throw new ApiError(403, "This key may not read");
  });

  await vi.waitFor(() => expect(feed.state().error).toBeInstanceOf(ApiError));

  expect(feed.state().facts).toBeUndefined();
});

type Answer = OutlinePage | undefined;

function following(
  answer: (offset: number, limit: number, known: string | undefined) => Answer,
): OutlineFeed {
  running = new OutlineFeed(async (offset, limit, known) => answer(offset, limit, known));
  running.start();
  return running;
}

function sessionOf(revision: string, count: number) {
  return (offset: number, limit: number): OutlinePage => {
    const last = Math.min(count, offset + limit);
    const some = Array.from({ length: last - offset }, (_, at) => ({ id: `e${offset + at}` }));
    return {
      ...{ session: totals(count), revision, count, nodes: pageOf(some) },
      next_offset: last < count ? last : null,
    };
  };
}
