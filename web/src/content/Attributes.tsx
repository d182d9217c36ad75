import type { WholeEvent } from "~/content/query";
import { Section } from "~/content/Section";
import { text } from "~/text/en";

const BUCKETS = [
  ["config", text.content.config],
  ["metrics", text.content.metrics],
  ["feedback", text.content.feedback],
  ["user_properties", text.content.user],
  ["metadata", text.content.metadata],
] as const;

/** Everything beside what went in and came out. */
export function Attributes({ event }: { readonly event: WholeEvent }) {
  return BUCKETS.filter(([key]) => key === "metadata" || Object.keys(event[key] ?? {}).length).map(
    ([key, title]) => <Section key={key} title={title} path={key} value={event[key]} isNamed />,
  );
}
