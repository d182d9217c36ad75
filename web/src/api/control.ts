/** The control plane: people, projects, keys and tokens. The session is a cookie of this origin. */
import createClient, { type Middleware } from "openapi-fetch";
import type { components, paths } from "~/api/control.schema";
import { ApiError, failure, readJson, unreachable } from "~/api/failure";
import { text } from "~/text/en";

export type Me = components["schemas"]["Me"];
export type Organisation = components["schemas"]["Organisation"];
export type Workspace = components["schemas"]["Workspace"];
export type Project = components["schemas"]["Project"];

let csrfToken = "";

const carefully: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET" && csrfToken) request.headers.set("X-CSRF-Token", csrfToken);
    return request;
  },
  async onResponse({ response }) {
    if (!response.ok) throw failure(response, await readJson(response));
    return response;
  },
  onError({ error }) {
    return error instanceof DOMException && error.name === "AbortError"
      ? error
      : unreachable("control plane");
  },
};

const client = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
client.use(carefully);

/** The client itself, for calls that one room alone makes. */
export const control = client;

export async function signIn(email: string, password: string): Promise<void> {
  const { data } = await client.POST("/v1/sign-in", { body: { email, password, kind: "cookie" } });
  csrfToken = data?.data.csrf_token ?? "";
}

export async function signOut(): Promise<void> {
  await client.POST("/v1/sign-out");
  csrfToken = "";
}

/** Who is signed in. Throws `ApiError` with status 401 where nobody is. */
export async function me(signal: AbortSignal): Promise<Me> {
  const { data } = await client.GET("/v1/me", { signal });
  const found = present(data).data;
  csrfToken = found.csrf_token ?? "";
  return found;
}

export async function project(id: string, signal: AbortSignal): Promise<Project> {
  const { data } = await client.GET("/v1/projects/{project_id}", {
    params: { path: { project_id: id } },
    signal,
  });
  return present(data).data;
}

export async function organisations(signal: AbortSignal): Promise<Organisation[]> {
  const { data } = await client.GET("/v1/orgs", { signal });
  return present(data).data;
}

export async function workspaces(orgId: string, signal: AbortSignal): Promise<Workspace[]> {
  return everyPage(async (after) => {
    const { data } = await client.GET("/v1/orgs/{org_id}/workspaces", {
      params: { path: { org_id: orgId }, query: after },
      signal,
    });
    return present(data);
  });
}

export async function projects(workspaceId: string, signal: AbortSignal): Promise<Project[]> {
  return everyPage(async (after) => {
    const { data } = await client.GET("/v1/workspaces/{workspace_id}/projects", {
      params: { path: { workspace_id: workspaceId }, query: after },
      signal,
    });
    return present(data);
  });
}

/** A new key that may only send traces. Its value is shown once. */
export async function createIngestionKey(projectId: string, name: string): Promise<string> {
  const { data } = await client.POST("/v1/projects/{project_id}/keys", {
    params: { path: { project_id: projectId } },
    body: { kind: "ingestion", name },
  });
  return present(data).data.key_value;
}

/** What opens a data plane to this page. */
export interface Access {
  readonly token: string;
  /** For how long the token counts. */
  readonly seconds: number;
  /** Where browsers find the plane. */
  readonly url: string;
}

/** Throws `ApiError` where the data plane has no address for browsers. */
export async function issueToken(dataPlane: string): Promise<Access> {
  const { data } = await client.POST("/v1/tokens", { body: { audience: `dp:${dataPlane}` } });
  const { access_token: token, expires_in: seconds, data_plane_url: url } = present(data).data;
  if (!url) throw new ApiError(404, text.failures.noAddress);
  return { token, seconds, url };
}

interface Page<T> {
  readonly data: T[];
  readonly after?: string | null;
}

async function everyPage<T>(read: (after: { after?: string }) => Promise<Page<T>>): Promise<T[]> {
  const found: T[] = [];
  let after: string | null | undefined;
  do {
    const page = await read(after ? { after } : {});
    found.push(...page.data);
    after = page.after;
  } while (after);
  return found;
}

function present<T>(data: T | undefined): T {
  if (data === undefined) throw new Error("An answer without a body passed as a success");
  return data;
}
