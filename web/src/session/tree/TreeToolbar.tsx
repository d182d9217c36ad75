/** Searching, filtering and folding the tree. */
import { ActionIcon, Button, Group, Menu, TextInput, Tooltip } from "@mantine/core";
import {
  IconAlertCircle,
  IconChevronDown,
  IconChevronUp,
  IconFold,
  IconSearch,
  IconZoomReset,
} from "@tabler/icons-react";
import type { KeyboardEvent, RefObject } from "react";
import { formatCount } from "~/formats/numbers";
import { NodeIcon } from "~/session/NodeIcon";
import { KINDS, type Kind } from "~/session/tree/matches";
import classes from "~/session/tree/tree.module.css";
import type { FoldState } from "~/session/tree/useFolds";
import { text } from "~/text/en";

const words = text.session.tree;
const LEVELS = [1, 2, 3, 5] as const;
const LABELS: Readonly<Record<Kind, string>> = {
  model: words.models,
  tool: words.tools,
  chain: words.chains,
  error: words.errors,
};

export interface Search {
  readonly sought: string;
  readonly set: (sought: string) => void;
  /** Places of the matches, and which of them is selected, from 0. */
  readonly matches: Int32Array;
  readonly current: number;
  readonly next: () => void;
  readonly previous: () => void;
}

interface TreeToolbarProps {
  readonly input: RefObject<HTMLInputElement | null>;
  readonly search: Search;
  readonly kinds: readonly Kind[];
  readonly onKinds: (kinds: readonly Kind[]) => void;
  readonly folding: FoldState;
  /** Undefined while the whole session is seen. */
  readonly onWhole: (() => void) | undefined;
  /** Gives the keys back to the tree. */
  readonly onLeave: () => void;
}

export function TreeToolbar(props: TreeToolbarProps) {
  return (
    <div className={classes["toolbar"]}>
      <SearchField {...props} />
      <Filters kinds={props.kinds} onKinds={props.onKinds} />
      <Group gap={4} wrap="nowrap" ml="auto">
        {props.onWhole && (
          <Button
            size="compact-xs"
            variant="default"
            leftSection={<IconZoomReset size={14} aria-hidden />}
            onClick={props.onWhole}
          >
            {words.whole}
          </Button>
        )}
        <Folding folding={props.folding} />
      </Group>
    </div>
  );
}

function SearchField({ input, search, onLeave }: TreeToolbarProps) {
  const { sought, matches, current } = search;
  function press(event: KeyboardEvent) {
    if (event.key === "Enter") (event.shiftKey ? search.previous : search.next)();
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.nativeEvent.stopPropagation();
    search.set("");
    onLeave();
  }
  return (
    <Group gap={2} wrap="nowrap" className={classes["search"] ?? ""}>
      <TextInput
        ref={input}
        type="search"
        size="xs"
        flex={1}
        leftSection={<IconSearch size={14} aria-hidden />}
        placeholder={words.search}
        aria-label={words.search}
        value={sought}
        onChange={(event) => search.set(event.currentTarget.value)}
        onKeyDown={press}
      />
      {sought && (
        <>
          <span className={`${classes["matches"]} numbers`} role="status">
            {matches.length === 0
              ? words.noMatch
              : words.matches(
                  current < 0 ? "–" : formatCount(current + 1),
                  formatCount(matches.length),
                )}
          </span>
          <Step label={words.previousMatch} onClick={search.previous} isOff={!matches.length}>
            <IconChevronUp size={15} aria-hidden />
          </Step>
          <Step label={words.nextMatch} onClick={search.next} isOff={!matches.length}>
            <IconChevronDown size={15} aria-hidden />
          </Step>
        </>
      )}
    </Group>
  );
}

interface StepProps {
  readonly label: string;
  readonly isOff: boolean;
  readonly onClick: () => void;
  readonly children: React.ReactNode;
}

function Step({ label, isOff, onClick, children }: StepProps) {
  return (
    <Tooltip label={label} openDelay={400}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="sm"
        aria-label={label}
        disabled={isOff}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  );
}

interface FiltersProps {
  readonly kinds: readonly Kind[];
  readonly onKinds: (kinds: readonly Kind[]) => void;
}

function Filters({ kinds, onKinds }: FiltersProps) {
  const toggle = (kind: Kind) =>
    onKinds(kinds.includes(kind) ? kinds.filter((one) => one !== kind) : [...kinds, kind]);
  return (
    <Group gap={4} wrap="nowrap" role="group" aria-label={words.filter}>
      {KINDS.map((kind) => (
        <Button
          key={kind}
          size="compact-xs"
          variant={kinds.includes(kind) ? "light" : "subtle"}
          color={kinds.includes(kind) ? "iris" : "gray"}
          aria-pressed={kinds.includes(kind)}
          aria-label={LABELS[kind]}
          title={LABELS[kind]}
          classNames={{
            section: classes["filterSign"] ?? "",
            label: classes["filterLabel"] ?? "",
          }}
          leftSection={
            kind === "error" ? (
              <IconAlertCircle size={14} color="var(--bad)" aria-hidden />
            ) : (
              <NodeIcon type={kind} size={14} />
            )
          }
          onClick={() => toggle(kind)}
        >
          {LABELS[kind]}
        </Button>
      ))}
    </Group>
  );
}

function Folding({ folding }: { readonly folding: FoldState }) {
  return (
    <Menu position="bottom-end" width={170}>
      <Menu.Target>
        <Button
          size="compact-xs"
          variant="subtle"
          color="gray"
          leftSection={<IconFold size={14} aria-hidden />}
        >
          {words.folding}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={folding.unfoldAll}>{words.unfoldAll}</Menu.Item>
        <Menu.Item onClick={folding.foldAll}>{words.foldAll}</Menu.Item>
        <Menu.Divider />
        {LEVELS.map((levels) => (
          <Menu.Item key={levels} onClick={() => folding.unfoldTo(levels)}>
            {words.unfoldTo(levels)}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
