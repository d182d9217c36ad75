/** A session as the conversation that it was; calls are fetched as the reader comes to them. */
import { useIntersection } from "@mantine/hooks";
import { useQueries } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";
import type { Project } from "~/api/control";
import { Empty, Loading } from "~/app/states";
import classes from "~/content/content.module.css";
import { EventType, type EventTypeName } from "~/content/EventType";
import { Messages } from "~/content/Messages";
import type { Json } from "~/content/messages";
import { eventQuery } from "~/content/query";
import { type Turn, turnsOf } from "~/content/spoken";
import { makeVisible } from "~/content/visible";
import { text } from "~/text/en";

const FIRST = 12;
const STEP = 12;
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
  const at = calls.findIndex(({ eventId }) => eventId === selected);
  const [until, setUntil] = useState(FIRST);
  const shown = calls.slice(0, Math.max(until, at + 1));
  const { turns, isLoading } = useTurns(project, shown);
  const names = useMemo(() => new Map(calls.map(({ eventId, name }) => [eventId, name])), [calls]);
  if (calls.length === 0) return <Empty title={words.none} hint={words.noneHint} />;
  return (
    <ol className={classes["messages"]} aria-label={text.content.formats.chat}>
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
      {!isLoading && shown.length < calls.length && (
        <Further left={calls.length - shown.length} onSeen={() => setUntil(until + STEP)} />
      )}
    </ol>
  );
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
      <Messages messages={turn.messages} />
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
  return (
    <li ref={ref} className={classes["turn"]}>
      <button type="button" className={classes["turnName"]} onClick={onSeen}>
        {words.rest(left)}
      </button>
    </li>
  );
}
