// @vitest-environment jsdom
import { afterEach, expect, test, vi } from "vitest";
import { ApiError } from "~/api/failure";
import { OutlineFeed } from "~/session/outline/feed";
import type { OutlinePage } from "~/session/outline/outline";
import { pageOf, totals } from "~/session/outline/sample";

let running: OutlineFeed | undefined;
afterEach(() => {
  running?.stop();
  vi.useRealTimers();
});

test("pages are put together until the session is whole", async () => {
  const session = sessionOf("r1", 600);
  const feed = following((offset, limit) => session(offset, Math.min(limit, 100)));

  await vi.waitFor(() => expect(feed.state().facts?.outline.isComplete).toBe(true));

  expect(feed.state().facts?.outline.length).toBe(600);
  expect(feed.state().facts?.outline.placeOf("e599")).toBe(599);
});

test("when the session grows at its end between two pages, reading goes on", async () => {
  const asked: number[] = [];
  const feed = following((offset) => {
    asked.push(offset);
    const count = 400 + 10 * asked.length;
    return sessionOf(`r${asked.length}`, count)(offset, 100);
  });

  await vi.waitFor(() => expect(feed.state().facts?.outline.isComplete).toBe(true));

  const outline = feed.state().facts?.outline;
  expect(asked.slice(0, 5)).toEqual([0, 99, 198, 297, 396]);
  expect([outline?.length, outline?.id(0), outline?.id(449)]).toEqual([450, "e0", "e449"]);
});

test("a session that was read from several revisions is read again before it counts as known", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const asked: (string | undefined)[] = [];
  const feed = following((offset, limit, known) => {
    asked.push(known);
    if (known) return undefined;
    return sessionOf(asked.length === 1 ? "r1" : "r2", 300)(offset, Math.min(limit, 200));
  });
  await vi.waitFor(() => expect(feed.state().facts?.outline.isComplete).toBe(true));

  await pass(90_000);

  expect(asked.slice(0, 5)).toEqual([undefined, undefined, undefined, undefined, "r2"]);
});

test("a parent of which more came meanwhile has all of it below itself", async () => {
  let reads = 0;
  const feed = following((offset) => {
    reads += 1;
    const children = Array.from({ length: 2 + 2 * reads }, (_, at) => ({ id: `c${at}` }));
    return paged(`r${reads}`, pageOf([{ id: "root", children }]), offset, 4);
  });

  await vi.waitFor(() => expect(feed.state().facts?.outline.isComplete).toBe(true));

  const outline = feed.state().facts?.outline;
  expect(outline?.after(0)).toBe(outline?.length);
  expect(outline?.columns.descendants[0]).toBe((outline?.length ?? 0) - 1);
});

test("when nodes came before those already here, the session is read from the beginning", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  const asked: number[] = [];
  const feed = following((offset) => {
    asked.push(offset);
    return asked.length === 1
      ? sessionOf("r1", 300)(offset, 100)
      : sessionOf("r2", 400, "x")(offset, 200);
  });

  await pass(1_600);
  await vi.waitFor(() => expect(feed.state().facts?.outline.isComplete).toBe(true));

  const outline = feed.state().facts?.outline;
  expect(asked.slice(0, 3)).toEqual([0, 99, 0]);
  expect([outline?.length, outline?.id(399)]).toEqual([400, "x399"]);
});

test("a session that never stands still is not read without end, and what is here is shown", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let reads = 0;
  const feed = following((offset) => {
    reads += 1;
    return sessionOf(`r${reads}`, 100_000, `n${reads}-`)(offset, 250);
  });

  await pass(10_000);

  expect(reads).toBeGreaterThan(4);
  expect(reads).toBeLessThan(20);
  expect(feed.state().facts?.outline.length).toBe(250);
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

  await pass(60_000);

  expect(asked.slice(0, 2)).toEqual([undefined, "r1"]);
  expect(feed.state().facts).toBe(before);
});

test.each([0, 429, 500, 502, 503, 504])(
  "after a failure that may pass (%i) reading goes on by itself",
  async (status) => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    let reads = 0;
    const feed = following((offset, limit) => {
      reads += 1;
      if (reads === 1) throw new ApiError(status, "Not now");
      return sessionOf("r1", 3)(offset, limit);
    });
    await vi.waitFor(() => expect(feed.state().error).toBeInstanceOf(ApiError));

    await pass(6_000);
    await vi.waitFor(() => expect(feed.state().error).toBeUndefined());

    expect(feed.state().facts?.outline.length).toBe(3);
  },
);

test("a failure that says when to come again is given that time", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let reads = 0;
  following(() => {
    reads += 1;
    throw new ApiError(503, "Not now", 60);
  });

  await pass(59_000);
  expect(reads).toBe(1);

  await pass(2_000);
  expect(reads).toBe(2);
});

test("after a refusal one may try again, and keeps what was here meanwhile", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  let isRefused = false;
  const feed = following((offset, limit) => {
    if (isRefused) throw new ApiError(401, "No");
    return sessionOf("r1", 3)(offset, limit);
  });
  await vi.waitFor(() => expect(feed.state().facts?.outline.isComplete).toBe(true));
  isRefused = true;
  await pass(60_000);
  expect([feed.state().error !== undefined, feed.state().facts !== undefined]).toEqual([
    true,
    true,
  ]);

  isRefused = false;
  feed.retry();
  expect(feed.state().error).toBeUndefined();
  expect(feed.state().facts?.outline.length).toBe(3);
});

test("a refusal ends it, and says why", async () => {
  const feed = following(() => {
    throw new ApiError(403, "This key may not read");
  });

  await vi.waitFor(() => expect(feed.state().error).toBeInstanceOf(ApiError));

  expect(feed.state().facts).toBeUndefined();
});

/** Lets timers go on, and the work between them, which waits for messages and not for timers. */
async function pass(ms: number): Promise<void> {
  for (let gone = 0; gone < ms; gone += 500) {
    await vi.advanceTimersByTimeAsync(500);
    for (let turn = 0; turn < 20; turn += 1) await new Promise((done) => setImmediate(done));
  }
}

type Answer = OutlinePage | undefined;

function following(
  answer: (offset: number, limit: number, known: string | undefined) => Answer,
): OutlineFeed {
  running = new OutlineFeed(async (offset, limit, known) => answer(offset, limit, known));
  running.start();
  return running;
}

function sessionOf(revision: string, count: number, prefix = "e") {
  return (offset: number, limit: number): OutlinePage => {
    const last = Math.min(count, offset + limit);
    const some = Array.from({ length: last - offset }, (_, at) => ({
      id: `${prefix}${offset + at}`,
    }));
    return {
      ...{ session: totals(count), revision, count, nodes: pageOf(some) },
      next_offset: last < count ? last : null,
    };
  };
}

/** A page of `limit` nodes of a tree. */
function paged(
  revision: string,
  nodes: OutlinePage["nodes"],
  offset: number,
  limit: number,
): OutlinePage {
  const count = nodes.event_id.length;
  const last = Math.min(count, offset + limit);
  const cut = Object.fromEntries(
    Object.entries(nodes).map(([name, column]) => [name, column.slice(offset, last)]),
  ) as unknown as OutlinePage["nodes"];
  return {
    ...{ session: totals(count), revision, count, nodes: cut },
    next_offset: last < count ? last : null,
  };
}
