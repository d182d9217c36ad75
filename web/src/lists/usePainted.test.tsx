// @vitest-environment jsdom
import { act, renderHook } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { usePainted } from "~/lists/usePainted";

const ROWS = {};
const OTHERS = {};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const pass = (ms: number) => act(() => vi.advanceTimersByTimeAsync(ms));

it("is told behind the frame that paints what is shown, and anew for what is shown next", async () => {
  const { result, rerender } = renderHook(usePainted, { initialProps: ROWS as object | undefined });
  expect(result.current).toBe(false);
  await pass(50);
  expect(result.current).toBe(true);
  rerender(OTHERS);
  expect(result.current).toBe(false);
  rerender(undefined);
  await pass(50);
  expect(result.current).toBe(false);
});

it("is told of a page that nobody sees, too", async () => {
  vi.stubGlobal("requestAnimationFrame", () => 0);
  const { result } = renderHook(usePainted, { initialProps: ROWS as object | undefined });
  await pass(300);
  expect(result.current).toBe(true);
  vi.unstubAllGlobals();
});
