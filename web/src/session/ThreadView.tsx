/** The conversation of a session. */
import { useQueries } from "@tanstack/react-query";
import { useMemo } from "react";
import type { Project } from "~/api/control";
import { eventQuery, type WholeEvent } from "~/content/query";
import { Thread, type ThreadEvent } from "~/content/Thread";
import type { Facts } from "~/session/outline/facts";
import classes from "~/session/session.module.css";
import { retoldIn } from "~/session/tellers";
import type { AddressBook } from "~/session/useSessionAddress";

/** Kinds of calls that are told of more than once, of which one call is looked at. */
const PROBED = 8;

interface ThreadViewProps {
  readonly project: Project;
  readonly facts: Facts;
  readonly book: AddressBook;
}

export function ThreadView({ project, facts, book }: ThreadViewProps) {
  const instead = useInstead(project, facts);
  const events = useMemo(() => spokenIn(facts, instead), [facts, instead]);
  return (
    <div className={classes["scroll"]}>
      <Thread
        project={project}
        events={events}
        selected={book.address.event}
        onSelect={(event) => book.select(event)}
      />
    </div>
  );
}

/** For nodes that recorded no content: the ones that tell of the same calls, and did. */
function useInstead(project: Project, facts: Facts): ReadonlyMap<number, number> {
  const kinds = useMemo(() => retoldIn(facts).slice(0, PROBED), [facts]);
  const probes = kinds.flatMap(({ pairs }) => pairs[0] ?? []);
  const silent = useQueries({
    queries: probes.map((place) => eventQuery(project, facts.outline.id(place))),
    combine: (answers) => answers.map(({ data }) => data && !hasContent(data)).join(),
  });
  return useMemo(() => {
    const answers = silent.split(",");
    const others = kinds.filter(
      (_, at) => answers[2 * at] === "true" && answers[2 * at + 1] === "false",
    );
    return new Map(others.flatMap(({ pairs }) => pairs));
  }, [kinds, silent]);
}

function hasContent({ inputs, outputs }: WholeEvent): boolean {
  return [inputs, outputs].some((part) => Object.keys(part ?? {}).length > 0);
}

/** Calls that are told of twice are one turn; a parent that has not arrived says nothing. */
function spokenIn({ outline, again }: Facts, instead: ReadonlyMap<number, number>): ThreadEvent[] {
  const events: ThreadEvent[] = [];
  for (let place = 0; place < outline.length; place += 1) {
    const type = outline.type(place);
    if (type === "pending" || again[place]) continue;
    const [eventId, depth] = [outline.id(instead.get(place) ?? place), outline.depth(place)];
    events.push({ eventId, type, depth, name: outline.name(place) ?? "" });
  }
  return events;
}
