/** A session as the conversation that it was; calls are fetched as the reader comes to them. */
import { useIntersection } from "@mantine/hooks";
import { useQueries } from "@tanstack/react-query";
import { type Ref, useEffect, useMemo, useRef, useState } from "react";
import type { Project } from "~/api/control";
import { Empty, Loading } from "~/app/states";
import classes from "~/content/content.module.css";
import { EventType, type EventTypeName } from "~/content/EventType";
import { Messages } from "~/content/Messages";
import type { Json } from "~/content/messages";
import { OrPlain } from "~/content/OrPlain";
import { eventQuery } from "~/content/query";
import { type Turn, turnsOf } from "~/content/spoken";
import { makeVisible } from "~/content/visible";
import { text } from "~/text/en";

const FIRST = 12;
const STEP = 12;
/** Of the calls before the selected one: they say what it answers. */
const BEFORE = 4;
const words = text.content.thread;

export interface ThreadEvent {
  readonly eventId: string;
  readonly type: EventTypeName;
  readonly depth: number;
  readonly name: string;
}

interface ThreadProps {
  readonly project: Project;
  /** In the order of the tree. */
  readonly events: readonly ThreadEvent[];
  readonly selected?: string | undefined;
  readonly onSelect: (eventId: string) => void;
}

export function Thread({ project, events, selected, onSelect }: ThreadProps) {
  const calls = useMemo(() => events.filter(({ type }) => type === "model"), [events]);
  const { from, until, showEarlier, showFurther } = useWindow(calls, selected);
  const { turns, isLoading } = useTurns(project, calls.slice(from, until));
  const names = useMemo(() => new Map(calls.map(({ eventId, name }) => [eventId, name])), [calls]);
  if (calls.length === 0) return <Empty title={words.none} hint={words.noneHint} />;
  return (
    <ol className={classes["messages"]} aria-label={text.content.formats.chat}>
      {from > 0 && <More label={words.earlier(from)} onClick={showEarlier} />}
      {turns.filter(isShown).map((turn) => (
        <OneTurn
          key={turn.eventId}
          turn={turn}
          name={names.get(turn.eventId) ?? ""}
          isSelected={turn.eventId === selected}
          onSelect={onSelect}
        />
      ))}
      {isLoading && <Loading />}
      {!isLoading && until < calls.length && (
        <Further left={calls.length - until} onSeen={showFurther} />
      )}
    </ol>
  );
}

/** Which calls are read: those around the selected one, and more as the reader goes on. */
function useWindow(calls: readonly ThreadEvent[], selected: string | undefined) {
  const [{ from, until }, setWindow] = useState({ from: 0, until: FIRST });
  const at = calls.findIndex(({ eventId }) => eventId === selected);
  const isOutside = at !== -1 && (at < from || at >= until);
  useEffect(() => {
    if (isOutside) setWindow({ from: Math.max(0, at - BEFORE), until: at + FIRST });
  }, [isOutside, at]);
  return {
    from,
    until,
    showEarlier: () => setWindow({ from: Math.max(0, from - STEP), until }),
    showFurther: () => setWindow({ from, until: until + STEP }),
  };
}

/** Calls that say nothing, such as embeddings, would only stand between those that do. */
function isShown({ messages }: Turn): boolean {
  return messages.length > 0;
}

/** The turns up to the first call that is not here yet: a later one may repeat what that said. */
function useTurns(project: Project, calls: readonly ThreadEvent[]) {
  const answers = useQueries({
    queries: calls.map(({ eventId }) => eventQuery(project, eventId)),
  });
  const known = answers.findIndex(({ data, error }) => !data && !error);
  const ready = known === -1 ? answers : answers.slice(0, known);
  const turns = turnsOf(
    ready.map(({ data }, at) => ({
      eventId: calls[at]?.eventId ?? "",
      inputs: data?.inputs as Json | undefined,
      outputs: data?.outputs as Json | undefined,
    })),
  );
  return { turns, isLoading: known !== -1 };
}

interface OneTurnProps {
  readonly turn: Turn;
  readonly name: string;
  readonly isSelected: boolean;
  readonly onSelect: (eventId: string) => void;
}

function OneTurn({ turn, name, isSelected, onSelect }: OneTurnProps) {
  const place = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isSelected) place.current?.scrollIntoView({ block: "nearest" });
  }, [isSelected]);
  return (
    <li ref={place} className={classes["turn"]} data-selected={isSelected || undefined}>
      <button
        type="button"
        className={classes["turnName"]}
        aria-current={isSelected || undefined}
        onClick={() => onSelect(turn.eventId)}
      >
        <EventType type="model" /> <span className="foreign">{makeVisible(name)}</span>
      </button>
      <OrPlain value={turn.messages}>
        <Messages messages={turn.messages} />
      </OrPlain>
    </li>
  );
}

function Further({ left, onSeen }: { readonly left: number; readonly onSeen: () => void }) {
  const { ref, entry } = useIntersection({ rootMargin: "400px" });
  const isSeen = entry?.isIntersecting ?? false;
  // biome-ignore lint/correctness/useExhaustiveDependencies: once each time that it comes in sight
  useEffect(() => {
    if (isSeen) onSeen();
  }, [isSeen]);
  return <More ref={ref} label={words.rest(left)} onClick={onSeen} />;
}

interface MoreProps {
  readonly ref?: Ref<HTMLLIElement>;
  readonly label: string;
  readonly onClick: () => void;
}

function More({ ref, label, onClick }: MoreProps) {
  return (
    <li ref={ref} className={classes["turn"]}>
      <button type="button" className={classes["turnName"]} onClick={onClick}>
        {label}
      </button>
    </li>
  );
}
