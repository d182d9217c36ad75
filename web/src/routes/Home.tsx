/** The projects that one may open. Whoever has one only is taken there. */
import { Center, Stack, Text, Title } from "@mantine/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { Link, Navigate } from "@tanstack/react-router";
import { workplacesQuery } from "~/api/people";
import { Mark } from "~/app/Mark";
import { Empty, Failure, Loading } from "~/app/states";
import classes from "~/routes/Home.module.css";
import { text } from "~/text/en";

export function Home() {
  const { data: workplaces, error, refetch } = useQuery(workplacesQuery);
  if (error) return <Failure error={error} onRetry={() => void refetch()} />;
  if (!workplaces) return <Loading />;
  const projects = workplaces.flatMap((workplace) => workplace.projects);
  const [only] = projects;
  if (!only) return <Empty title={text.home.none} hint={text.home.noneHint} />;
  if (projects.length === 1) {
    return <Navigate to="/projects/$projectId/sessions" params={{ projectId: only.id }} replace />;
  }
  return (
    <Center mih="100dvh" p="md">
      <Stack w="100%" maw={460}>
        <Mark size={32} />
        <div>
          <Title order={1} size="h3">
            {text.home.title}
          </Title>
          <Text c="dimmed">{text.home.lead}</Text>
        </div>
        {workplaces.map(({ organisation, workspace, projects: some }) => (
          <section key={`${organisation}/${workspace}`}>
            <Text size="xs" c="dimmed" mb={4} className="foreign">
              {organisation} / {workspace}
            </Text>
            {some.map(({ id, name }) => (
              <Link
                key={id}
                to="/projects/$projectId/sessions"
                params={{ projectId: id }}
                className={classes["project"] ?? ""}
              >
                <span className="clamped foreign" title={name}>
                  {name}
                </span>
                <IconChevronRight size={16} className={classes["go"] ?? ""} aria-hidden />
              </Link>
            ))}
          </section>
        ))}
      </Stack>
    </Center>
  );
}
