/** The views of a session, and how much of it is there. */
import { SegmentedControl } from "@mantine/core";
import { formatCount } from "~/formats/numbers";
import { VIEWS, type View } from "~/session/address";
import type { Facts } from "~/session/outline/facts";
import classes from "~/session/session.module.css";
import { WayOn } from "~/session/WayOn";
import { text } from "~/text/en";

interface ViewTabsProps {
  readonly view: View;
  readonly onView: (view: View) => void;
  readonly facts: Facts | undefined;
  /** Why nothing newer comes. */
  readonly error: unknown;
  readonly onRetry: () => void;
}

export function ViewTabs({ view, onView, facts, error, onRetry }: ViewTabsProps) {
  return (
    <div className={classes["views"]}>
      <SegmentedControl
        size="xs"
        aria-label={text.session.views.label}
        value={view}
        onChange={(value) => onView(value as View)}
        data={VIEWS.map((value) => ({ value, label: text.session.views[value] }))}
      />
      <div role="status" className={classes["notes"]}>
        {facts && <Notes facts={facts} error={error} />}
      </div>
      {facts && error !== undefined && <WayOn error={error} onRetry={onRetry} />}
    </div>
  );
}

function Notes({ facts, error }: { readonly facts: Facts; readonly error: unknown }) {
  const { outline } = facts;
  if (error !== undefined) {
    const message = error instanceof Error ? error.message : String(error);
    return <span className={classes["late"]}>{text.session.stale(message)}</span>;
  }
  if (!outline.isComplete) {
    return text.session.loading(formatCount(outline.length), formatCount(outline.count));
  }
  return outline.behind ? <span className={classes["late"]}>{text.session.behind}</span> : null;
}
