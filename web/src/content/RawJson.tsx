/** A value as JSON in an editor that folds, searches and draws only what is seen. */

import { json } from "@codemirror/lang-json";
import {
  bracketMatching,
  foldGutter,
  HighlightStyle,
  syntaxHighlighting,
} from "@codemirror/language";
import { openSearchPanel, search, searchKeymap } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { Button, Group } from "@mantine/core";
import { IconDownload, IconSearch } from "@tabler/icons-react";
import { useEffect, useMemo, useRef } from "react";
import { writeJson } from "~/api/exactJson";
import { NONCE } from "~/app/nonce";
import classes from "~/content/content.module.css";
import { saveBytes } from "~/content/download";
import { hasLongLine } from "~/content/lines";
import { text } from "~/text/en";

const COLOURS = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--quiet)" },
  { tag: tags.string, color: "var(--good)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--chain)" },
]);

/** Marks of direction and tags that the editor would leave hidden (visible.ts names them all). */
const HIDDEN_TOO = /[\u180e\u202a-\u202c\u2060-\u2065\u2068]|[\u{e0000}-\u{e007f}]/gu;

const LOOK = EditorView.theme({
  "&": { backgroundColor: "transparent", fontSize: "0.75rem" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "transparent", color: "var(--quiet)", border: "none" },
  ".cm-panels": { backgroundColor: "var(--card)", color: "var(--ink)" },
  ".cm-specialChar": { color: "var(--bad)" },
  ".cm-panel.cm-search": { fontFamily: "var(--mantine-font-family)", padding: "8px" },
  ".cm-panel.cm-search label": { fontSize: "0.75rem", paddingInlineEnd: "8px" },
  ".cm-panel.cm-search input[type=checkbox]": { verticalAlign: "middle" },
  ".cm-textfield, .cm-button": {
    border: "1px solid var(--line)",
    borderRadius: "4px",
    background: "var(--paper)",
    color: "var(--ink)",
    fontSize: "0.75rem",
    lineHeight: "1.2",
    padding: "4px 8px",
  },
  ".cm-panel.cm-search [name=close]": { color: "var(--quiet)", fontSize: "1rem", right: "8px" },
});

interface RawJsonProps {
  readonly value: unknown;
  /** Of the file that a download makes. */
  readonly name: string;
}

export function RawJson({ value, name }: RawJsonProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const document = useMemo(() => writeJson(value, 2), [value]);
  useEffect(() => {
    if (!place.current) return;
    view.current = new EditorView({ parent: place.current, state: stateOf(document) });
    return () => view.current?.destroy();
  }, [document]);
  return (
    <>
      <Group gap={6} py={8}>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconSearch size={13} />}
          onClick={() => view.current && openSearchPanel(view.current)}
        >
          {text.content.search}
        </Button>
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconDownload size={13} />}
          onClick={() => saveBytes(document, name)}
        >
          {text.content.downloadJson}
        </Button>
      </Group>
      <div ref={place} className={classes["editor"]} />
    </>
  );
}

/** What measures or parses a line whole: one of megabytes would hold the page for seconds. */
const READING = [EditorView.lineWrapping, json(), syntaxHighlighting(COLOURS)];

function stateOf(document: string): EditorState {
  return EditorState.create({
    doc: document,
    extensions: [
      EditorView.cspNonce.of(NONCE),
      EditorState.readOnly.of(true),
      EditorView.contentAttributes.of({ "aria-label": "JSON", tabindex: "0" }),
      lineNumbers(),
      foldGutter(),
      bracketMatching(),
      highlightSpecialChars({ addSpecialChars: HIDDEN_TOO }),
      search({ top: true }),
      keymap.of(searchKeymap),
      LOOK,
      ...(hasLongLine(document) ? [] : READING),
    ],
  });
}
