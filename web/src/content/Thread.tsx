/** A session as the conversation that it was; calls are fetched as the reader comes to them. */
import { useIntersection } from "@mantine/hooks";
import { type UseQueryResult, useQueries } from "@tanstack/react-query";
import { type Ref, useEffect, useMemo, useRef, useState } from "react";
import type { Project } from "~/api/control";
import { Empty, Failure, Loading } from "~/app/states";
import classes from "~/content/content.module.css";
import { EventType, type EventTypeName } from "~/content/EventType";
import { Messages } from "~/content/Messages";
import type { Json } from "~/content/messages";
import { OrPlain } from "~/content/OrPlain";
import { eventQuery, type WholeEvent } from "~/content/query";
import { type Turn, turnsOf } from "~/content/spoken";
import { makeVisible } from "~/content/visible";
import { earlier, FIRST, further } from "~/content/window";
import { text } from "~/text/en";

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
  const read = useMemo(() => calls.slice(from, until), [calls, from, until]);
  const { turns, isLoading } = useTurns(project, read);
  const shown = turns.filter(isShown);
  const names = useMemo(() => new Map(calls.map(({ eventId, name }) => [eventId, name])), [calls]);
  const isAll = !isLoading && from === 0 && until >= calls.length;
  if (isAll && shown.length === 0) return <Empty title={words.none} hint={words.noneHint} />;
  return (
    <ol className={classes["messages"]} aria-label={text.content.formats.chat}>
      {from > 0 && <More label={words.earlier(from)} onClick={showEarlier} />}
      {shown.map((turn) => (
        <OneTurn
          key={turn.eventId}
          turn={turn}
          name={names.get(turn.eventId) ?? ""}
          isSelected={turn.eventId === selected}
          onSelect={onSelect}
        />
      ))}
      {isLoading && (
        <li>
          <Loading />
        </li>
      )}
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
  // Only when another is selected: the reader may go on from it, out of its sight.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the window moves for other reasons too
  useEffect(() => {
    if (at !== -1 && (at < from || at >= until))
      setWindow({ from: Math.max(0, at - BEFORE), until: at + FIRST });
  }, [at]);
  return {
    from,
    until,
    showEarlier: () => setWindow(earlier({ from, until })),
    showFurther: () => setWindow(further({ from, until })),
  };
}

type Result = UseQueryResult<WholeEvent>;

/** The same function each time: its work is done anew only when an answer changed. */
function untilPending(results: Result[]) {
  const pending = results.findIndex(({ data, error }) => !data && !error);
  return { ready: pending === -1 ? results : results.slice(0, pending), isLoading: pending !== -1 };
}

interface Heard extends Turn {
  readonly failure?: { readonly error: Error; readonly retry: () => void };
}

/** Calls that say nothing, such as embeddings, would only stand between those that do. */
function isShown({ messages, failure }: Heard): boolean {
  return messages.length > 0 || failure !== undefined;
}

function failureOf(result: Result | undefined): Pick<Heard, "failure"> {
  if (!result?.error || result.data) return {};
  return { failure: { error: result.error, retry: () => void result.refetch() } };
}

/** The turns up to the first call that is not here yet: a later one may repeat what that said. */
function useTurns(project: Project, calls: readonly ThreadEvent[]) {
  const { ready, isLoading } = useQueries({
    queries: calls.map(({ eventId }) => eventQuery(project, eventId)),
    combine: untilPending,
  });
  const turns = useMemo(() => {
    const heard = ready.map(({ data }, at) => ({
      eventId: calls[at]?.eventId ?? "",
      inputs: data?.inputs as Json | undefined,
      outputs: data?.outputs as Json | undefined,
    }));
    return turnsOf(heard).map((turn, at): Heard => ({ ...turn, ...failureOf(ready[at]) }));
  }, [ready, calls]);
  return { turns, isLoading };
}

interface OneTurnProps {
  readonly turn: Heard;
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
        <EventType type="model" />
        <span className="clamped foreign" title={makeVisible(name)}>
          {makeVisible(name)}
        </span>
      </button>
      {turn.failure && <Failure error={turn.failure.error} onRetry={turn.failure.retry} />}
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
