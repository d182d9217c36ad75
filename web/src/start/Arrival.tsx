import { Button, Group, Loader, Text } from "@mantine/core";
import { IconCircleCheck } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useRef } from "react";
import type { Project } from "~/api/control";
import { dataPlaneOf, type WideEvent } from "~/api/data";
import { makeVisible } from "~/content/visible";
import classes from "~/start/start.module.css";
import { text } from "~/text/en";

const words = text.start;
const EVERY_MS = 1_000;

/** Watches for the newest session: one that is older than this page is not what was waited for. */
export function Arrival({ project }: { readonly project: Project }) {
  const first = useRef<string | null>(undefined);
  const { data: newest, error } = useQuery({
    queryKey: ["newest-session", project.id],
    queryFn: ({ signal }) => newestSession(project, signal),
    refetchInterval: EVERY_MS,
    gcTime: 0,
  });
  if (newest !== undefined && first.current === undefined)
    first.current = newest?.session_id ?? null;
  const isNew = newest && newest.session_id !== first.current;
  if (error && !newest)
    return (
      <Text size="sm" c="var(--bad)" role="alert" className="foreign">
        {error.message}
      </Text>
    );
  if (isNew) return <Arrived project={project} session={newest} title={words.arrived} isNew />;
  return (
    <>
      <Group gap="xs" role="status">
        <Loader size="xs" type="dots" />
        <span>{words.waiting}</span>
      </Group>
      <Text size="sm" c="dimmed">
        {words.waitingHint}
      </Text>
      {newest && <Arrived project={project} session={newest} title={words.already} />}
    </>
  );
}

interface ArrivedProps {
  readonly project: Project;
  readonly session: WideEvent;
  readonly title: string;
  readonly isNew?: boolean;
}

function Arrived({ project, session, title, isNew = false }: ArrivedProps) {
  const params = { projectId: project.id };
  return (
    <div className={classes["arrived"]} data-new={isNew || undefined} role="status">
      {isNew && <IconCircleCheck size={22} color="var(--good)" aria-hidden />}
      <div>
        <strong>{title}</strong>
        {isNew && (
          <Text size="sm" c="dimmed" className="foreign">
            {words.arrivedHint(makeVisible(session.event_name ?? ""))}
          </Text>
        )}
      </div>
      <Group gap={6} ml="auto">
        {isNew && (
          <Button
            size="xs"
            renderRoot={(props) => (
              <Link
                {...props}
                to="/projects/$projectId/sessions/$sessionId"
                params={{ ...params, sessionId: session.session_id ?? "" }}
              />
            )}
          >
            {words.open}
          </Button>
        )}
        <Button
          size="xs"
          variant="default"
          renderRoot={(props) => (
            <Link {...props} to="/projects/$projectId/sessions" params={params} />
          )}
        >
          {words.all}
        </Button>
      </Group>
    </div>
  );
}

/** Null where the project has none. */
async function newestSession(project: Project, signal: AbortSignal): Promise<WideEvent | null> {
  const plane = await dataPlaneOf(project);
  const { data } = await plane.POST("/v1/events/search", {
    body: {
      filters: [{ field: "event_type", operator: "is", value: "session", type: "string" }],
      limit: 1,
      projections: ["session_id", "event_name", "start_time"],
    },
    signal,
  });
  return data?.events[0] ?? null;
}
