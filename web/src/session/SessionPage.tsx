/** One session: as tree, graph, thread and summary, with the details of the selected event. */
import { Splitter } from "@mantine/core";
import { type SplitterPaneSize, useMediaQuery } from "@mantine/hooks";
import { getRouteApi, Navigate, useLocation } from "@tanstack/react-router";
import { useRef, useState } from "react";
import { SignedOut } from "~/api/token";
import { useShortcutGroup } from "~/app/shortcuts";
import { Empty, Failure } from "~/app/states";
import { usePageTitle } from "~/app/usePageTitle";
import { useProject } from "~/routes/useProject";
import { VIEWS } from "~/session/address";
import { DetailsPane } from "~/session/DetailsPane";
import { sessionName } from "~/session/nodeName";
import { useOutline } from "~/session/outline/useOutline";
import { SessionHeader } from "~/session/SessionHeader";
import { SessionSkeleton } from "~/session/SessionSkeleton";
import { SessionViews } from "~/session/SessionViews";
import classes from "~/session/session.module.css";
import { SHORTCUTS } from "~/session/shortcutGroup";
import { following } from "~/session/tree/matches";
import { usePageKeys } from "~/session/usePageKeys";
import { useSessionAddress } from "~/session/useSessionAddress";
import { ViewTabs } from "~/session/ViewTabs";
import { text } from "~/text/en";

const route = getRouteApi("/inside/projects/$projectId/sessions/$sessionId");
const PHONE = "(max-width: 48em)";
/** Percent of the width. */
const SIZES: SplitterPaneSize[] = [60, 40];

export function SessionPage() {
  const project = useProject();
  const { sessionId } = route.useParams();
  const book = useSessionAddress();
  const { facts, error, retry } = useOutline(project, sessionId);
  const isSheet = useMediaQuery(PHONE) ?? false;
  const [sizes, setSizes] = useState<SplitterPaneSize[]>(SIZES);
  const details = useRef<HTMLElement>(null);
  const { event } = book.address;
  const outline = facts?.outline;
  const selected = outline?.placeOf(event);
  const turnView = (step: number) => {
    const next = (VIEWS.indexOf(book.view) + step + VIEWS.length) % VIEWS.length;
    book.show(VIEWS[next] ?? "tree");
  };
  const nextError = () => {
    const place = facts && following(facts.errors, selected ?? -1);
    if (outline && place !== undefined) book.select(outline.id(place), true);
  };
  usePageTitle(sessionName(outline?.session));
  useShortcutGroup(SHORTCUTS);
  usePageKeys(
    new Map([
      ["[", () => turnView(-1)],
      ["]", () => turnView(1)],
      ["e", nextError],
      ["Escape", () => book.select(undefined)],
    ]),
  );
  const hasDetails = event !== undefined && facts !== undefined;
  const pane = hasDetails && (
    <DetailsPane
      project={project}
      eventId={event}
      pane={details}
      isSheet={isSheet}
      isPending={selected !== undefined && outline?.isPending(selected) === true}
      onClose={() => book.select(undefined)}
    />
  );
  const isBeside = hasDetails && !isSheet;
  return (
    <div className={classes["page"]}>
      <SessionHeader
        project={project}
        sessionId={sessionId}
        address={book.address}
        facts={facts}
        onNextError={nextError}
      />
      <ViewTabs view={book.view} onView={book.show} facts={facts} error={error} onRetry={retry} />
      <div className={classes["body"]}>
        {!facts && error !== undefined && <Missing error={error} onRetry={retry} />}
        {!facts && error === undefined && <SessionSkeleton />}
        {outline?.count === 0 && <Empty title={text.session.empty} hint={text.session.emptyHint} />}
        {facts && outline && outline.count > 0 && (
          <Splitter
            className={classes["splitter"] ?? ""}
            lineSize={1}
            handleColor="var(--line)"
            withHandle={false}
            sizes={isBeside ? sizes : [100]}
            onSizeChange={setSizes}
          >
            <Splitter.Pane defaultSize={SIZES[0] ?? 60} min={25} className={classes["pane"] ?? ""}>
              <SessionViews
                key={sessionId}
                project={project}
                facts={facts}
                book={book}
                selected={selected}
                onEnter={() => details.current?.focus()}
              />
            </Splitter.Pane>
            {isBeside && (
              <Splitter.Pane
                defaultSize={SIZES[1] ?? 40}
                min={20}
                className={classes["pane"] ?? ""}
              >
                {pane}
              </Splitter.Pane>
            )}
          </Splitter>
        )}
        {isSheet && pane}
      </div>
    </div>
  );
}

interface MissingProps {
  readonly error: unknown;
  readonly onRetry: () => void;
}

/** Nothing is lost by signing in at once where there is nothing to see yet. */
function Missing({ error, onRetry }: MissingProps) {
  const next = useLocation({ select: ({ href }) => href });
  if (error instanceof SignedOut) return <Navigate to="/sign-in" search={{ next }} replace />;
  return <Failure error={error} onRetry={onRetry} />;
}
