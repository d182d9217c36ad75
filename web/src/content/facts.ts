/** The few numbers that stand at the head of an event. */
import type { WholeEvent } from "~/content/query";
import { makeVisible } from "~/content/visible";
import { formatDuration } from "~/formats/durations";
import { formatCost } from "~/formats/money";
import { formatTokens, isKnown } from "~/formats/numbers";
import { formatTime, formatTimeExact } from "~/formats/times";
import { text } from "~/text/en";

export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly title?: string;
}

export function factsOf(event: WholeEvent): Fact[] {
  const words = text.content;
  const { metadata, config } = event;
  const facts: (Fact | undefined)[] = [
    named(words.model, config?.["model"] ?? metadata?.["response_model"]),
    named(words.provider, config?.["provider"]),
    fact(words.duration, formatDuration(event.duration)),
    event.start_time === undefined
      ? undefined
      : fact(words.started, formatTime(event.start_time), formatTimeExact(event.start_time)),
    tokens(metadata),
    event.event_type === "model" || isKnown(metadata?.["cost"])
      ? fact(words.cost.usd, formatCost(metadata?.["cost"] as number | null | undefined))
      : undefined,
  ];
  return facts.filter((one) => one !== undefined);
}

function fact(label: string, value: string, title?: string): Fact {
  return title === undefined ? { label, value } : { label, value, title };
}

function named(label: string, value: unknown): Fact | undefined {
  return typeof value === "string" && value ? fact(label, makeVisible(value)) : undefined;
}

function tokens(metadata: WholeEvent["metadata"]): Fact | undefined {
  const [input, output] = [metadata?.["prompt_tokens"], metadata?.["completion_tokens"]];
  if (!isKnown(input) && !isKnown(output)) return undefined;
  const read = (value: unknown) => formatTokens(isKnown(value) ? value : undefined);
  return fact(text.content.tokens, `${read(input)} → ${read(output)}`);
}
