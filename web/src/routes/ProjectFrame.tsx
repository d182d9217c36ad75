import { getRouteApi } from "@tanstack/react-router";
import { Shell } from "~/app/Shell";

const route = getRouteApi("/inside/projects/$projectId");

export function ProjectFrame() {
  return <Shell who={route.useRouteContext().who} project={route.useLoaderData()} />;
}
