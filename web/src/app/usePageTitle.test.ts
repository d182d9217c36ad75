// @vitest-environment jsdom
import { renderHook } from "@testing-library/react";
import { expect, test } from "vitest";
import { usePageTitle } from "~/app/usePageTitle";

test("the title follows what the page shows, and ends with it", () => {
  const { rerender, unmount } = renderHook((title) => usePageTitle(title), {
    initialProps: "Session",
  });
  expect(document.title).toBe("Session · hh-platform");

  rerender("agent");
  expect(document.title).toBe("agent · hh-platform");

  unmount();
  expect(document.title).toBe("hh-platform");
});
