/**
 * The data plane of a project: events, trees and content. It is another origin: each question
 * carries a short token, never a cookie, and its answers do not pass the control plane.
 */
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { Project } from "~/api/control";
import type { components, paths } from "~/api/data.schema";
import { failure, readJson, unreachable } from "~/api/failure";
import { accessTo, forgetTokens } from "~/api/token";

export type WideEvent = components["schemas"]["Event"];
export type DataPlane = Client<paths>;

const planes = new Map<string, DataPlane>();

/** Throws `ApiError` where there is no token to be had. */
export async function dataPlaneOf(project: Project): Promise<DataPlane> {
  const { url } = await accessTo(project.data_plane_id);
  const key = `${project.id} ${url}`;
  const plane = planes.get(key) ?? connect(project, url);
  planes.set(key, plane);
  return plane;
}

function connect(project: Project, url: string): DataPlane {
  const plane = createClient<paths>({ baseUrl: url, credentials: "omit" });
  plane.use(introduced(project));
  return plane;
}

function introduced(project: Project): Middleware {
  return {
    async onRequest({ request }) {
      const { token } = await accessTo(project.data_plane_id);
      request.headers.set("Authorization", `Bearer ${token}`);
      request.headers.set("X-HH-Project-Id", project.id);
      return request;
    },
    async onResponse({ response }) {
      if (response.status === 401) forgetTokens();
      if (!response.ok && response.status !== 304)
        throw failure(response, await readJson(response));
      return response;
    },
    onError({ error }) {
      return error instanceof DOMException && error.name === "AbortError"
        ? error
        : unreachable("data plane");
    },
  };
}
