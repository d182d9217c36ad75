/**
 * The data plane of a project: events, trees and content. It is another origin: each question
 * carries a short token, never a cookie, and its answers do not pass the control plane.
 */
import createClient, { type Client, type Middleware } from "openapi-fetch";
import type { Project } from "~/api/control";
import type { components, paths } from "~/api/data.schema";
import { ApiError, failure, readJson, unreachable } from "~/api/failure";
import { accessTo, forgetToken } from "~/api/token";

export type WideEvent = components["schemas"]["Event"];
export type DataPlane = Client<paths>;

const planes = new Map<string, DataPlane>();
/** For so long after a write it may not be in the index of a plane that keeps up. */
const SETTLING_MS = 10_000;
let written = Number.NEGATIVE_INFINITY;

/** Whether this page has changed something that an index may not tell yet. */
export function hasJustWritten(): boolean {
  return performance.now() - written < SETTLING_MS;
}

/** Throws `ApiError` where there is no token to be had. */
export async function dataPlaneOf(project: Project): Promise<DataPlane> {
  const { url } = await accessTo(project.data_plane_id);
  const key = `${project.id} ${url}`;
  const plane = planes.get(key) ?? connect(project, url);
  planes.set(key, plane);
  return plane;
}

function connect(project: Project, url: string): DataPlane {
  const plane = createClient<paths>({ baseUrl: url, credentials: "omit", fetch: asking(project) });
  plane.use(carefully);
  return plane;
}

/** A token may end, or be revoked, before its time: then the same is asked once with a new one. */
function asking(project: Project): (request: Request) => Promise<Response> {
  return async (request) => {
    const again = request.clone();
    const { token } = await accessTo(project.data_plane_id);
    const response = await fetch(introduced(request, project, token));
    if (response.status !== 401) return response;
    forgetToken(project.data_plane_id, token);
    const { token: fresh } = await accessTo(project.data_plane_id);
    return fetch(introduced(again, project, fresh));
  };
}

function introduced(request: Request, project: Project, token: string): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  request.headers.set("X-HH-Project-Id", project.id);
  return request;
}

const carefully: Middleware = {
  onRequest({ request }) {
    if (request.method === "PUT") written = performance.now();
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok && response.status !== 304) throw failure(response, await readJson(response));
    return response;
  },
  onError({ error }) {
    // There was no token: the control plane has said why.
    if (error instanceof ApiError) return error;
    return error instanceof DOMException && error.name === "AbortError"
      ? error
      : unreachable("data plane");
  },
};
