import { getRouteApi } from "@tanstack/react-router";
import type { Project } from "~/api/control";

const route = getRouteApi("/inside/projects/$projectId");

/** The project of the page that is shown. */
export function useProject(): Project {
  return route.useLoaderData();
}
