export { beginList } from "~/lists/begin";

import { KINDS } from "~/lists/kinds";
import { ListPage } from "~/lists/ListPage";

export function SessionsPage() {
  return <ListPage key="sessions" kind={KINDS.sessions} />;
}

export function ModelsPage() {
  return <ListPage key="models" kind={KINDS.models} />;
}

export function EventsPage() {
  return <ListPage key="events" kind={KINDS.events} />;
}
