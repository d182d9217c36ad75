// @vitest-environment jsdom
import { renderHook, waitFor } from "@testing-library/react";
import { expect, test } from "vitest";
import { useWorkedOut } from "~/session/outline/useWorkedOut";

function* halved(number: number): Generator<void, number> {
  yield;
  if (number < 0) throw new RangeError("Not below zero");
  return number / 2;
}

test("what was worked out is shown until the next is", async () => {
  const { result, rerender } = renderHook((number) => useWorkedOut(number, halved), {
    initialProps: 8,
  });
  expect(result.current).toEqual({});
  await waitFor(() => expect(result.current).toEqual({ value: 4 }));

  rerender(6);

  expect(result.current).toEqual({ value: 4 });
  await waitFor(() => expect(result.current).toEqual({ value: 3 }));
});

test("work that fails tells why", async () => {
  const { result } = renderHook(() => useWorkedOut(-1, halved));

  await waitFor(() => expect(result.current.error).toBeInstanceOf(RangeError));
});
