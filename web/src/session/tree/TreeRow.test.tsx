// @vitest-environment jsdom
import { cleanup, render } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { sessionName } from "~/session/nodeName";
import { factsOf } from "~/session/outline/facts";
import { atOnce } from "~/session/outline/pieces";
import { outlineOf, totals } from "~/session/outline/sample";
import { TreeRow } from "~/session/tree/TreeRow";

const HIDDEN = "\u202e";
const FOR_IT = "‹U+202E›";

afterEach(cleanup);

test("nothing that a row says or hints at hides characters", () => {
  const node = { name: `n${HIDDEN}`, model: `gpt${HIDDEN}`, error: `Err${HIDDEN}` };
  const facts = atOnce(factsOf(outlineOf([{ ...node, type: "model", status: "error" }])));

  const { container } = render(
    <TreeRow
      {...{ facts, place: 0, top: 0, number: 2, width: 100, sought: "" }}
      {...{ range: { from: 0, to: 100 }, isSelected: false, isFolded: false, isDim: false }}
    />,
  );

  expect(container.innerHTML).not.toContain(HIDDEN);
  for (const shown of [`n${FOR_IT}`, `gpt${FOR_IT}`, `Err${FOR_IT}`]) {
    expect(container.textContent).toContain(shown);
    expect(container.querySelector(`[title="${shown}"]`)).not.toBeNull();
  }
});

test("the name of a session hides no characters, and is bounded", () => {
  const session = { ...totals(1), event_name: `a${HIDDEN}${"b".repeat(5_000)}` };

  expect(sessionName(session)).toContain(`a${FOR_IT}b`);
  expect(sessionName(session).length).toBeLessThan(400);
});

test("the sign of a node says its type in the words of the page", () => {
  const facts = atOnce(factsOf(outlineOf([{ name: "n", type: "model" }])));

  const { getByRole } = render(
    <TreeRow
      {...{ facts, place: 0, top: 0, number: 2, width: 100, sought: "" }}
      {...{ range: { from: 0, to: 100 }, isSelected: false, isFolded: false, isDim: false }}
    />,
  );

  expect(getByRole("img", { name: "Model call" })).toBeTruthy();
});
