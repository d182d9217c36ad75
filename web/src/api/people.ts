/** Who is here, and the projects that he may open. */
import { queryOptions } from "@tanstack/react-query";
import type { Project } from "~/api/control";
import { me, organisations, project, projects, workspaces } from "~/api/control";

export interface Workplace {
  readonly organisation: string;
  readonly workspace: string;
  readonly projects: readonly Project[];
}

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => me(signal),
  staleTime: 60_000,
});

export function projectQuery(id: string) {
  return queryOptions({
    queryKey: ["project", id],
    queryFn: ({ signal }) => project(id, signal),
    staleTime: 60_000,
  });
}

/** All projects that one may open, by the workspace that they stand in. */
export const workplacesQuery = queryOptions({
  queryKey: ["workplaces"],
  queryFn: ({ signal }) => workplaces(signal),
  staleTime: 60_000,
});

async function workplaces(signal: AbortSignal): Promise<Workplace[]> {
  const perOrganisation = (await organisations(signal)).map(async (organisation) =>
    Promise.all(
      (await workspaces(organisation.id, signal)).map(async (workspace) => ({
        organisation: organisation.name,
        workspace: workspace.name,
        projects: await projects(workspace.id, signal),
      })),
    ),
  );
  return (await Promise.all(perOrganisation)).flat();
}
