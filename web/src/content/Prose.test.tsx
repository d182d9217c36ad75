// @vitest-environment jsdom
import { MantineProvider } from "@mantine/core";
import { cleanup, render } from "@testing-library/react";
import { afterEach, beforeAll, expect, it, vi } from "vitest";
import { Messages } from "~/content/Messages";
import { readHistory } from "~/content/messages";
import { Prose } from "~/content/Prose";
import { Section } from "~/content/Section";

beforeAll(() => {
  const [addEventListener, removeEventListener] = [() => undefined, () => undefined];
  vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener, removeEventListener }));
  vi.stubGlobal(
    "ResizeObserver",
    class {
      observe() {}
      unobserve() {}
      disconnect() {}
    },
  );
});
afterEach(cleanup);

const shown = (node: React.ReactNode) =>
  render(<div>{node}</div>, { wrapper: MantineProvider }).container;
const elements = (place: Element) => place.getElementsByTagName("*").length;

it("draws a table of ordinary size", () => {
  const place = shown(<Prose text={"|a|b|\n|-|-|\n|1|2|\n"} />);
  expect(place.querySelectorAll("td")).toHaveLength(2);
});

it("shows a table whose short rows would be filled up without end as it was written", () => {
  const text = `${"|a".repeat(700)}\n${"|-".repeat(700)}\n${"|\n".repeat(1500)}`;
  const place = shown(<Prose text={text} />);
  expect(elements(place)).toBeLessThan(50);
  expect(place.textContent).toContain("|a|a|a");
});

it.each([
  ["quotes", `${">".repeat(3000)}x`],
  ["quotes with spaces", `${"> ".repeat(3000)}x`],
  ["lists", `${"- ".repeat(2900)}x`],
  ["emphasis", `${"*_".repeat(1500)}x${"_*".repeat(1500)}`],
  ["spread emphasis", `${"*a _b ".repeat(500)}x${" b_ a*".repeat(500)}`],
  [
    "lists by indentation",
    Array.from({ length: 75 }, (_, n) => `${" ".repeat(2 * n)}- x`).join("\n"),
  ],
])("shows %s that nest without end, and their text", (_, text) => {
  const place = shown(<Prose text={text} />);
  expect(elements(place)).toBeLessThan(400);
  expect(place.textContent).toContain("x");
});

it("reads quotes, lists and rules as people write them", () => {
  const place = shown(<Prose text={`> > - a\n\n${"-".repeat(80)}\n\n${"*".repeat(50)}\n\n1. b`} />);
  expect(place.querySelectorAll("blockquote")).toHaveLength(2);
  expect(place.querySelectorAll("hr")).toHaveLength(2);
  expect(place.querySelectorAll("li")).toHaveLength(2);
});

it("shows hidden characters that are written as entities", () => {
  const place = shown(<Prose text={"a &#x202e;gnp.exe &ZeroWidthSpace; `x`"} />);
  expect(place.textContent).toContain("‹U+202E›gnp.exe ‹U+200B›");
});

it("leads each footnote to its own text, though two texts name theirs alike", () => {
  const one = "a[^1]\n\n[^1]: note";
  const place = shown(
    <>
      <Prose text={one} />
      <Prose text={one} />
    </>,
  );
  const ids = Array.from(place.querySelectorAll("li[id]"), ({ id }) => id);
  expect(new Set(ids).size).toBe(2);
});

it("keeps what stands around a part that cannot be drawn, and the other forms", () => {
  const silent = vi.spyOn(console, "error").mockImplementation(() => undefined);
  const broken = {
    type: "odd",
    get value(): string {
      throw new RangeError("too deep");
    },
  };
  const history = [{ role: "user", content: [{ type: "text", text: "fine" }, broken] }];
  const place = shown(<Section title="Input" path="inputs" value={{ chat_history: history }} />);
  expect(place.textContent).toContain("fine");
  expect(place.textContent).toContain("could not be drawn");
  expect(place.querySelectorAll("input[type=radio]").length).toBeGreaterThan(1);
  silent.mockRestore();
});

it.each(["__proto__", "constructor", "toString"])("shows a message of the role %s", (role) => {
  const place = shown(<Messages messages={readHistory([{ role, content: "said" }]) ?? []} />);
  expect(place.querySelector("ol")?.textContent).toBe(`${role}said`);
});
