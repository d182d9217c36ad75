import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { accessTo } from "~/api/token";

const issueToken = vi.hoisted(() => vi.fn());
vi.mock("~/api/control", () => ({ issueToken }));

let plane = 0;

beforeEach(() => {
  vi.useFakeTimers();
  plane += 1;
  let tokens = 0;
  issueToken.mockReset();
  issueToken.mockImplementation(async () => {
    tokens += 1;
    return { token: `t${tokens}`, seconds: 300, url: "http://plane.test" };
  });
});
afterEach(() => vi.useRealTimers());

async function token(): Promise<string> {
  return (await accessTo(`dp${plane}`)).token;
}

test("whoever works when a token nears its end goes on with it, and then with the next", async () => {
  expect(await token()).toBe("t1");
  await vi.advanceTimersByTimeAsync(220_000);

  expect([await token(), await token()]).toEqual(["t1", "t2"]);
  expect(issueToken).toHaveBeenCalledTimes(2);
});

test("a token counts until its end where none comes in its place", async () => {
  await token();
  await vi.advanceTimersByTimeAsync(220_000);
  issueToken.mockRejectedValueOnce(new Error("no answer"));

  expect([await token(), await token()]).toEqual(["t1", "t1"]);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await token()).toBe("t2");
});

test("a token that ended while nobody worked is not used again", async () => {
  await token();
  await vi.advanceTimersByTimeAsync(290_000);

  expect(await token()).toBe("t2");
});
