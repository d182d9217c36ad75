import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Project } from "~/api/control";
import { dataPlaneOf, hasJustWritten } from "~/api/data";
import { ApiError } from "~/api/failure";
import { SignedOut } from "~/api/token";

const issueToken = vi.hoisted(() => vi.fn());
vi.mock("~/api/control", () => ({ issueToken }));

let project: Project;
let planes = 0;
/** What the data plane was asked: token and body. */
let asked: [string | null, string][] = [];

beforeEach(() => {
  planes += 1;
  // Each test has a plane of its own, for which no token is held yet.
  project = { id: "p", data_plane_id: `dp${planes}` } as Project;
  asked = [];
  let tokens = 0;
  issueToken.mockReset();
  issueToken.mockImplementation(async () => {
    tokens += 1;
    return { token: `t${tokens}`, seconds: 300, url: `http://plane.test${planes}` };
  });
});
afterEach(() => vi.unstubAllGlobals());

test("a question that a token no longer opens is asked once again with a new one", async () => {
  answering((token) => (token === "Bearer t1" ? 401 : 200));

  const { data } = await ask();

  expect(data).toEqual({});
  expect(asked.map(([token]) => token)).toEqual(["Bearer t1", "Bearer t2"]);
  expect(asked[1]?.[1]).toBe(asked[0]?.[1]);
});

test("questions that meet one ended token get one new token together", async () => {
  answering((token) => (token === "Bearer t1" ? 401 : 200));

  await Promise.all([ask(), ask(), ask()]);

  expect(issueToken).toHaveBeenCalledTimes(2);
});

test("a data plane that refuses the new token, too, is not asked a third time", async () => {
  answering(() => 401);

  await expect(ask()).rejects.toMatchObject({ status: 401 });

  expect(asked).toHaveLength(2);
});

test("where nobody is signed in any more, that is what fails", async () => {
  answering(() => 401);
  const plane = await dataPlaneOf(project);
  issueToken.mockRejectedValue(new ApiError(401, "Sign in first"));

  const failed = plane.PUT("/v1/events/{event_id}", {
    params: { path: { event_id: "e" } },
    body: {},
  });

  await expect(failed).rejects.toBeInstanceOf(SignedOut);
  await expect(failed).rejects.toThrow("Sign in first");
});

test("a data plane that gives no answer says so", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("Failed to fetch");
  });

  await expect(ask()).rejects.toMatchObject({ status: 0 });
});

test("what was just written is known, for as long as an index may need", async () => {
  vi.useFakeTimers();
  answering(() => 200);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(hasJustWritten()).toBe(false);

  await ask();

  expect(hasJustWritten()).toBe(true);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(hasJustWritten()).toBe(false);
  vi.useRealTimers();
});

async function ask() {
  const plane = await dataPlaneOf(project);
  return plane.PUT("/v1/events/{event_id}", {
    params: { path: { event_id: "e" } },
    body: { feedback: { good: true } },
  });
}

function answering(status: (token: string | null) => number): void {
  vi.stubGlobal("fetch", async (request: Request) => {
    const token = request.headers.get("authorization");
    asked.push([token, await request.text()]);
    return new Response("{}", { status: status(token) });
  });
}
