/** The conversation of a session. */
import { useMemo } from "react";
import type { Project } from "~/api/control";
import { Thread, type ThreadEvent } from "~/content/Thread";
import type { Facts } from "~/session/outline/facts";
import classes from "~/session/session.module.css";
import type { AddressBook } from "~/session/useSessionAddress";

interface ThreadViewProps {
  readonly project: Project;
  readonly facts: Facts;
  readonly book: AddressBook;
}

export function ThreadView({ project, facts, book }: ThreadViewProps) {
  const events = useMemo(() => spokenIn(facts), [facts]);
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

/** Calls that are told of twice are one turn; a parent that has not arrived says nothing. */
function spokenIn({ outline, again }: Facts): ThreadEvent[] {
  const events: ThreadEvent[] = [];
  for (let place = 0; place < outline.length; place += 1) {
    const type = outline.type(place);
    if (type === "pending" || again[place]) continue;
    const [eventId, depth] = [outline.id(place), outline.depth(place)];
    events.push({ eventId, type, depth, name: outline.name(place) ?? "" });
  }
  return events;
}
