import classes from "~/content/content.module.css";
import { LongText } from "~/content/LongText";
import type { WholeEvent } from "~/content/query";
import { text } from "~/text/en";

const STACKS = ["exception.stacktrace", "error.stack", "stack_trace", "stacktrace"];

interface FailureNoteProps {
  readonly event: WholeEvent;
  readonly error: string;
}

/** What went wrong, in the words of the application, with where if it was told. */
export function FailureNote({ event, error }: FailureNoteProps) {
  const stack = stackOf(event.metadata);
  return (
    <section className={classes["failure"]} aria-label={text.content.error}>
      <h3>{text.content.error}</h3>
      <div className={`${classes["plain"]} foreign`}>
        <LongText text={error} />
      </div>
      {stack && (
        <details>
          <summary>{text.content.stack}</summary>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it is scrolled by keyboard */}
          <pre className={`${classes["stack"]} foreign`} tabIndex={0}>
            <LongText text={stack} />
          </pre>
        </details>
      )}
    </section>
  );
}

/** Of the event itself, or of an exception that it recorded. */
function stackOf(metadata: unknown, depth = 0): string | undefined {
  if (typeof metadata !== "object" || metadata === null || depth > 3) return undefined;
  for (const [key, value] of Object.entries(metadata)) {
    if (STACKS.includes(key) && typeof value === "string") return value;
  }
  for (const key of ["span_events", "events", "exception", "error", "attributes"]) {
    const found = stackOf((metadata as Record<string, unknown>)[key], depth + 1);
    if (found) return found;
  }
  if (!Array.isArray(metadata)) return undefined;
  for (const one of metadata.slice(0, 50)) {
    const found = stackOf(one, depth + 1);
    if (found) return found;
  }
  return undefined;
}
