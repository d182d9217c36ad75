/**
 * What keeps Markdown of strangers readable, bounded and honest: a few kilobytes of it can nest so
 * deep that no parser returns, or name so many columns that a page of a million cells follows.
 */
import { makeVisible } from "~/content/visible";

/** Of one text: beyond it, it is shown as it was written. */
const MOST_CHARACTERS = 50_000;
const MOST_NODES = 10_000;
const MOST_CELLS = 2_000;
const MOST_DEEP = 64;

/** A line that opens more quotes and lists within each other than people write. */
const DEEP_LINE = /^[ \t]*(?:(?:>|(?:[-+*]|\d{1,9}[.)])(?=[ \t]))[ \t]*){33}/m;
/** Emphasis within emphasis: so many marks without a word between them are no prose. */
const DEEP_EMPHASIS = /(?:\*_|_\*|~~\*|\*~~|~~_|_~~){17}/;

/** The part of https://github.com/syntax-tree/mdast that matters here. */
interface Node {
  type: string;
  value?: string;
  alt?: string | null;
  title?: string | null;
  align?: readonly unknown[] | null;
  children?: Node[];
  data?: { hName: string; hProperties: { className: string[] } };
}

/** Whether it may be parsed at all: nesting costs a parser more than its length. */
export function mayBeParsed(text: string): boolean {
  return text.length <= MOST_CHARACTERS && !DEEP_LINE.test(text) && !DEEP_EMPHASIS.test(text);
}

/** For remark: a text whose tree is too large to be drawn becomes one block, as it was written. */
export function bounded(className: string) {
  return (tree: Node, file: { toString(): string }): void => {
    if (isDrawable(tree)) return;
    const data = { hName: "div", hProperties: { className: [className] } };
    const value = file.toString();
    tree.children = [{ type: "paragraph", data, children: [{ type: "text", value }] }];
  };
}

/** A loop, not a recursion: the tree may be as deep as the text is long. */
function isDrawable(tree: Node): boolean {
  const left: [Node, number][] = [[tree, 0]];
  let [nodes, cells] = [0, 0];
  for (let next = left.pop(); next; next = left.pop()) {
    const [{ type, align, children = [] }, depth] = next;
    nodes += 1;
    // Short rows are filled up to the columns of the head.
    if (type === "table") cells += (align?.length ?? 0) * children.length;
    if (depth > MOST_DEEP || cells > MOST_CELLS || nodes > MOST_NODES) return false;
    for (const child of children) left.push([child, depth + 1]);
  }
  return true;
}

/** For remark: `&#x202e;` turns text as much as the character itself, once it has been read. */
export function visible() {
  return (tree: Node): void => {
    const left = [tree];
    for (let node = left.pop(); node; node = left.pop()) {
      if (node.value) node.value = makeVisible(node.value);
      if (node.alt) node.alt = makeVisible(node.alt);
      if (node.title) node.title = makeVisible(node.title);
      left.push(...(node.children ?? []));
    }
  };
}
