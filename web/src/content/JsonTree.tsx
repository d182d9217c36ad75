/** A JSON value that folds: what is folded is not rendered, long lists come in pieces. */
import { ActionIcon } from "@mantine/core";
import { useClipboard } from "@mantine/hooks";
import { IconCheck, IconChevronRight, IconCopy, IconRoute } from "@tabler/icons-react";
import { useState } from "react";
import { writeJson } from "~/api/exactJson";
import classes from "~/content/content.module.css";
import { LongText } from "~/content/LongText";
import { isObject, type Json } from "~/content/messages";
import { childPath } from "~/content/paths";
import { labelOf } from "~/content/visible";
import { text } from "~/text/en";

const PIECE = 100;
/** How deep things stand open at first, if they are small. */
const OPEN_DEPTH = 2;
const SMALL = 30;

interface JsonTreeProps {
  readonly value: Json;
  /** Where it stands in its event, such as `config.tools`. */
  readonly path: string;
}

export function JsonTree({ value, path }: JsonTreeProps) {
  if (!isBranch(value)) return <Leaf value={value} />;
  return (
    <ul className={classes["json"]}>
      <Items value={value} path={path} depth={0} />
    </ul>
  );
}

type Branch = readonly Json[] | { readonly [key: string]: Json };

function isBranch(value: Json): value is Branch {
  return Array.isArray(value) || isObject(value);
}

interface ItemsProps {
  readonly value: Branch;
  readonly path: string;
  readonly depth: number;
}

function Items({ value, path, depth }: ItemsProps) {
  const [until, setUntil] = useState(PIECE);
  const keys = Object.keys(value);
  return (
    <>
      {keys.slice(0, until).map((key) => (
        <Item
          key={key}
          name={key}
          isIndex={Array.isArray(value)}
          value={(value as Record<string, Json>)[key] ?? null}
          path={childPath(path, key, Array.isArray(value))}
          depth={depth}
        />
      ))}
      {keys.length > until && (
        <li>
          <button
            type="button"
            className={classes["more"]}
            onClick={() => setUntil(until + 10 * PIECE)}
          >
            {text.content.moreItems(keys.length - until)}
          </button>
        </li>
      )}
    </>
  );
}

interface ItemProps {
  readonly name: string;
  readonly isIndex: boolean;
  readonly value: Json;
  readonly path: string;
  readonly depth: number;
}

function Item({ name, isIndex, value, path, depth }: ItemProps) {
  const isFolding = isBranch(value) && Object.keys(value).length > 0;
  const [isOpen, setOpen] = useState(() => isFolding && startsOpen(value, depth));
  const label = <span className={isIndex ? "quiet" : classes["key"]}>{labelOf(name)}</span>;
  return (
    <li className={classes["item"]}>
      <div className={classes["line"]}>
        {isFolding ? (
          <button
            type="button"
            className={classes["fold"]}
            aria-expanded={isOpen}
            onClick={() => setOpen(!isOpen)}
          >
            <IconChevronRight size={12} aria-hidden data-open={isOpen || undefined} />
            {label}
            <span className="quiet">{sizeOf(value)}</span>
          </button>
        ) : (
          <span className={classes["pair"]}>
            {label} <Leaf value={value} />
          </span>
        )}
        <Copies value={value} path={path} />
      </div>
      {isOpen && isBranch(value) && (
        <ul className={classes["json"]}>
          <Items value={value} path={path} depth={depth + 1} />
        </ul>
      )}
    </li>
  );
}

function startsOpen(value: Json, depth: number): boolean {
  return depth < OPEN_DEPTH && isBranch(value) && Object.keys(value).length <= SMALL;
}

function sizeOf(value: Json): string {
  if (Array.isArray(value)) return `[${value.length}]`;
  return isObject(value) ? `{${Object.keys(value).length}}` : "";
}

function Leaf({ value }: { readonly value: Json }) {
  if (typeof value === "string") {
    return (
      <span className={`${classes["string"]} foreign`}>
        <LongText text={value} />
      </span>
    );
  }
  if (isBranch(value)) return <span className="quiet">{Array.isArray(value) ? "[]" : "{}"}</span>;
  return <span className={classes["literal"]}>{String(value)}</span>;
}

function Copies({ value, path }: { readonly value: Json; readonly path: string }) {
  return (
    <span className={classes["copies"]}>
      <Copy
        of={() => path}
        label={text.content.copyPath(labelOf(path))}
        icon={<IconRoute size={12} />}
      />
      <Copy
        of={() => (typeof value === "string" ? value : writeJson(value, 2))}
        label={text.content.copyValue(labelOf(path))}
        icon={<IconCopy size={12} />}
      />
    </span>
  );
}

interface CopyProps {
  readonly of: () => string;
  readonly label: string;
  readonly icon: React.ReactNode;
}

/** The text is made when it is copied: a value may be of megabytes. */
function Copy({ of, label, icon }: CopyProps) {
  const { copied, copy } = useClipboard();
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={18}
      aria-label={label}
      title={label}
      onClick={() => copy(of())}
    >
      {copied ? <IconCheck size={12} /> : icon}
    </ActionIcon>
  );
}
