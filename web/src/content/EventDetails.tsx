/** All that is known about one event; its content is fetched when it is shown. */
import { ActionIcon, CopyButton, Group, Tabs } from "@mantine/core";
import { IconCheck, IconCopy } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import type { Project } from "~/api/control";
import { Failure, Loading } from "~/app/states";
import { Attributes } from "~/content/Attributes";
import { CostTab } from "~/content/CostTab";
import classes from "~/content/content.module.css";
import { DetailsSkeleton } from "~/content/DetailsSkeleton";
import { EventType } from "~/content/EventType";
import { FailureNote } from "~/content/FailureNote";
import { factsOf } from "~/content/facts";
import { GiveFeedback } from "~/content/GiveFeedback";
import { eventQuery, type WholeEvent, writesQuery } from "~/content/query";
import { Section } from "~/content/Section";
import { makeVisible } from "~/content/visible";
import { text } from "~/text/en";

const RawJson = lazy(async () => ({ default: (await import("~/content/RawJson")).RawJson }));

interface EventDetailsProps {
  readonly project: Project;
  readonly eventId: string;
}

export function EventDetails({ project, eventId }: EventDetailsProps) {
  const { data: event, error, refetch } = useQuery(eventQuery(project, eventId));
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!event) return <DetailsSkeleton />;
  return <Loaded key={eventId} project={project} event={event} />;
}

const TABS = ["content", "attributes", "cost", "raw", "sent"] as const;

function Loaded({ project, event }: { project: Project; event: WholeEvent }) {
  const [tab, setTab] = useState<string | null>("content");
  return (
    <article className={classes["details"]} aria-label={text.content.details}>
      <Head event={event} />
      <Tabs
        value={tab}
        onChange={setTab}
        variant="default"
        keepMounted={false}
        className={classes["tabs"] ?? ""}
      >
        <Tabs.List px={8}>
          {tabsOf(event).map((one) => (
            <Tabs.Tab key={one} value={one} px={10} py={7}>
              {text.content.tabs[one]}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        <Tabs.Panel tabIndex={0} value="content" className={classes["body"] ?? ""}>
          <Content project={project} event={event} />
        </Tabs.Panel>
        <Tabs.Panel tabIndex={0} value="attributes" className={classes["body"] ?? ""}>
          <Attributes event={event} />
        </Tabs.Panel>
        <Tabs.Panel tabIndex={0} value="cost" className={classes["body"] ?? ""}>
          <CostTab project={project} eventId={event.event_id} />
        </Tabs.Panel>
        <Tabs.Panel tabIndex={0} value="raw" className={classes["body"] ?? ""}>
          <Suspense fallback={<Loading />}>
            <RawJson value={event} name={`event-${event.event_id}.json`} />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel tabIndex={0} value="sent" className={classes["body"] ?? ""}>
          <AsSent project={project} eventId={event.event_id} />
        </Tabs.Panel>
      </Tabs>
    </article>
  );
}

/** A session is no call, and nobody sent it: it is what its events make. */
function tabsOf({ event_type: type }: WholeEvent): readonly (typeof TABS)[number][] {
  return TABS.filter(
    (one) => (one !== "cost" || type === "model") && (one !== "sent" || type !== "session"),
  );
}

function AsSent({ project, eventId }: EventDetailsProps) {
  const { data, error, refetch } = useQuery(writesQuery(project, eventId));
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  return (
    <Suspense fallback={<Loading />}>
      <RawJson value={data.writes} name={`sent-${eventId}.json`} />
    </Suspense>
  );
}

function Head({ event }: { readonly event: WholeEvent }) {
  return (
    <header className={classes["head"]}>
      <Group gap={8} wrap="nowrap" align="flex-start">
        <span className={classes["sign"]}>
          <EventType type={event.event_type} />
        </span>
        <h2 className={`${classes["name"]} clamped foreign`} title={makeVisible(event.event_name)}>
          {makeVisible(event.event_name)}
        </h2>
        <CopyButton value={event.event_id}>
          {({ copied, copy }) => (
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              ml="auto"
              onClick={copy}
              aria-label={text.content.copyId}
              title={`${text.content.copyId}: ${event.event_id}`}
            >
              {copied ? <IconCheck size={14} /> : <IconCopy size={14} />}
            </ActionIcon>
          )}
        </CopyButton>
      </Group>
      <dl className={classes["facts"]}>
        {factsOf(event).map(({ label, value, title }) => (
          <div key={label} title={title ?? value}>
            <dt>{label}</dt>
            <dd className="numbers clamped foreign">{value}</dd>
          </div>
        ))}
      </dl>
    </header>
  );
}

function Content({ project, event }: { project: Project; event: WholeEvent }) {
  return (
    <>
      {event.error && <FailureNote event={event} error={event.error} />}
      <Section
        title={text.content.inputs}
        path="inputs"
        value={event.inputs}
        hint={event.event_type === "model" ? text.content.emptyInputs : undefined}
      />
      <Section title={text.content.outputs} path="outputs" value={event.outputs} />
      <GiveFeedback project={project} event={event} />
    </>
  );
}
