/** The selected event beside the views; on a narrow screen over them, with a way back. */
import { ActionIcon, Button, Tooltip } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconArrowLeft, IconX } from "@tabler/icons-react";
import { lazy, type RefObject, Suspense } from "react";
import type { Project } from "~/api/control";
import { DetailsSkeleton } from "~/content/DetailsSkeleton";
import classes from "~/session/session.module.css";
import { text } from "~/text/en";

/** What renders content is heavy, and the tree needs none of it. */
const EventDetails = lazy(async () => ({
  default: (await import("~/content/EventDetails")).EventDetails,
}));
/** While somebody runs through the rows, content is not fetched for each. */
const SETTLE_MS = 120;

interface DetailsPaneProps {
  readonly project: Project;
  readonly eventId: string;
  readonly pane: RefObject<HTMLElement | null>;
  readonly isSheet: boolean;
  /** Undefined where there is nothing to show: a span that has not arrived. */
  readonly isPending: boolean;
  readonly onClose: () => void;
}

export function DetailsPane(props: DetailsPaneProps) {
  const { project, eventId, pane, isSheet, isPending, onClose } = props;
  const [settled] = useDebouncedValue(eventId, SETTLE_MS, { leading: true });
  return (
    <aside
      ref={pane}
      tabIndex={-1}
      aria-label={text.session.details}
      className={isSheet ? classes["sheet"] : classes["details"]}
    >
      {isSheet ? (
        <div className={classes["sheetHead"]}>
          <Button
            size="compact-sm"
            variant="subtle"
            color="gray"
            leftSection={<IconArrowLeft size={15} aria-hidden />}
            onClick={onClose}
          >
            {text.session.back}
          </Button>
        </div>
      ) : (
        <Tooltip label={`${text.session.closeDetails} (Esc)`} position="left">
          <ActionIcon
            className={classes["close"] ?? ""}
            variant="subtle"
            color="gray"
            size="sm"
            aria-label={text.session.closeDetails}
            onClick={onClose}
          >
            <IconX size={15} aria-hidden />
          </ActionIcon>
        </Tooltip>
      )}
      <div className={classes["content"]}>
        {isPending ? (
          <div className={classes["note"]}>
            <h2>{text.session.pending}</h2>
            {text.session.pendingHint}
          </div>
        ) : (
          <Suspense fallback={<DetailsSkeleton />}>
            <EventDetails project={project} eventId={settled} />
          </Suspense>
        )}
      </div>
    </aside>
  );
}
