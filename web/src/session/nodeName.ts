import { makeVisible } from "~/content/visible";
import type { Outline, SessionTotals } from "~/session/outline/outline";
import { text } from "~/text/en";

const LONGEST = 300;

/** How a node is called on the screen. */
export function nodeName(outline: Outline, place: number): string {
  return nameOf(outline.name(place), outline.isPending(place));
}

export function nameOf(name: string | undefined, isPending: boolean): string {
  if (name) return makeVisible(name.slice(0, LONGEST));
  return isPending ? text.session.pending : text.session.unnamed;
}

/** How a session is called, where it is known yet. */
export function sessionName(session: SessionTotals | undefined): string {
  return session?.event_name ? nameOf(session.event_name, false) : text.session.title;
}
