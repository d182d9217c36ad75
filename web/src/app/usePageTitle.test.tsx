// @vitest-environment jsdom
import { renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { usePageTitle } from "~/app/usePageTitle";
import { text } from "~/text/en";

describe("the title of a page", () => {
  it("names what it shows first, follows it, and is let go with the page", () => {
    const page = renderHook((name: string | undefined) => usePageTitle(name, "Shop"), {
      initialProps: "Sessions" as string | undefined,
    });
    expect(document.title).toBe(`Sessions · Shop · ${text.product}`);
    page.rerender(undefined);
    expect(document.title).toBe(`Shop · ${text.product}`);
    page.unmount();
    expect(document.title).toBe(text.product);
  });

  it("shows what a name hides, and only its beginning", () => {
    renderHook(() => usePageTitle(`a\u202E${"x".repeat(999)}`));
    expect(document.title).toContain("a‹U+202E›x");
    expect(document.title.length).toBeLessThan(200);
  });
});
