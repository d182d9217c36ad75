/** The three lists: which events each shows, and how it looks before anyone changes it. */
import type { Filter } from "~/filters/filter";
import { text } from "~/text/en";

export type ListName = "sessions" | "models" | "events";

export interface ListKind {
  readonly name: ListName;
  readonly title: string;
  /** Of one row and of many. */
  readonly noun: (count: number) => string;
  /** Holds always, beside what people filter by. */
  readonly always: readonly Filter[];
  readonly columns: readonly string[];
  /** The field that stands first and opens the row. */
  readonly primary: string;
  /** A field that stands beside it, smaller: it tells rows of one name apart. */
  readonly secondary?: string;
  /** Whether rows are of several types, so that each shows its own. */
  readonly isMixed: boolean;
}

export const KINDS: Readonly<Record<ListName, ListKind>> = {
  sessions: {
    name: "sessions",
    title: text.lists.sessions,
    noun: text.lists.countOf.sessions,
    always: [{ field: "event_type", operator: "is", type: "string", value: "session" }],
    primary: "event_name",
    secondary: "session_id",
    isMixed: false,
    columns: [
      "event_name",
      "start_time",
      "duration",
      "metadata.num_events",
      "metadata.num_model_events",
      "metadata.total_tokens",
      "metadata.cost",
      "metadata.num_errors",
    ],
  },
  models: {
    name: "models",
    title: text.lists.models,
    noun: text.lists.countOf.models,
    always: [{ field: "event_type", operator: "is", type: "string", value: "model" }],
    primary: "config.model",
    isMixed: false,
    columns: [
      "config.model",
      "config.provider",
      "start_time",
      "duration",
      "metadata.prompt_tokens",
      "metadata.completion_tokens",
      "metadata.cost",
      "error",
      "event_name",
    ],
  },
  events: {
    name: "events",
    title: text.lists.events,
    noun: text.lists.countOf.events,
    always: [],
    primary: "event_name",
    isMixed: true,
    columns: [
      "event_name",
      "session_id",
      "start_time",
      "duration",
      "metadata.total_tokens",
      "metadata.cost",
      "error",
    ],
  },
};
