/** The sums of a session, as the platform counts them: each call of a model once. */
import { formatDuration } from "~/formats/durations";
import { formatCost } from "~/formats/money";
import { formatCount, formatTokens } from "~/formats/numbers";
import type { SessionTotals } from "~/session/outline/outline";
import classes from "~/session/summary/summary.module.css";
import { text } from "~/text/en";

const words = text.session.header;

export function Totals({ session }: { readonly session: SessionTotals }) {
  const facts = [
    [words.duration, formatDuration(session.duration), ""],
    [words.events, formatCount(session.num_events), ""],
    [text.session.summary.modelEvents, formatCount(session.num_model_events), ""],
    [
      words.tokens,
      formatTokens(session.total_tokens),
      words.tokensOf(formatTokens(session.prompt_tokens), formatTokens(session.completion_tokens)),
    ],
    [words.cost, formatCost(session.cost), ""],
    [words.errors, formatCount(session.num_errors), ""],
  ] as const;
  return (
    <dl className={`${classes["totals"]} numbers`} aria-label={text.session.summary.totals}>
      {facts.map(([label, value, hint]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
          {hint && <dd className="quiet">{hint}</dd>}
        </div>
      ))}
    </dl>
  );
}
