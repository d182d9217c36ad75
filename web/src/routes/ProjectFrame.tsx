import { getRouteApi } from "@tanstack/react-router";
import { useEffect } from "react";
import { Shell } from "~/app/Shell";
import { fetchListPagesWhenIdle } from "~/routes/listPages";

const route = getRouteApi("/inside/projects/$projectId");

export function ProjectFrame() {
  useEffect(fetchListPagesWhenIdle, []);
  return <Shell who={route.useRouteContext().who} project={route.useLoaderData()} />;
}
