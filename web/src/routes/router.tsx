/** All pages and their addresses. A page's code is fetched when it is first opened. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { ApiError } from "~/api/failure";
import { meQuery, projectQuery } from "~/api/people";
import { accessTo } from "~/api/token";
import { queries } from "~/app/queries";
import { Failure, Loading } from "~/app/states";
import { type ListAddress, validateList } from "~/lists/address";
import type { ListName } from "~/lists/kinds";
import { history } from "~/routes/history";
import { listPages } from "~/routes/listPages";
import { NotFound, ToProjects } from "~/routes/NotFound";
import { ProjectFrame } from "~/routes/ProjectFrame";
import { validateSession } from "~/session/address";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: (search): { next?: string } =>
    typeof search["next"] === "string" ? { next: search["next"] } : {},
  component: lazyRouteComponent(() => import("~/routes/SignIn"), "SignIn"),
});

/** Everything behind the sign-in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: "inside",
  beforeLoad: async ({ location }) => {
    try {
      return { who: await queries.ensureQueryData(meQuery) };
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      throw redirect({ to: "/sign-in", search: { next: location.href } });
    }
  },
});

const home = createRoute({
  getParentRoute: () => inside,
  path: "/",
  component: lazyRouteComponent(() => import("~/routes/Home"), "Home"),
});

const project = createRoute({
  getParentRoute: () => inside,
  path: "/projects/$projectId",
  loader: async ({ params }) => {
    const found = await queries.ensureQueryData(projectQuery(params.projectId));
    // Every page asks the data plane: what opens it is there by then.
    accessTo(found.data_plane_id).catch(() => {});
    return found;
  },
  component: ProjectFrame,
});

const overview = createRoute({
  getParentRoute: () => project,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/projects/$projectId/sessions", params });
  },
});

interface Turned {
  readonly params: { readonly projectId: string };
  readonly search: ListAddress;
}

/** Not waited for: the page, which waits for the same rows, is drawn meanwhile. */
function beginning(name: ListName) {
  return ({ params, search }: Turned) => {
    const begun = listPages().then(({ beginList }) => beginList(name, params.projectId, search));
    // The page fails by the same, and says so.
    begun.catch(() => {});
  };
}

const sessions = createRoute({
  getParentRoute: () => project,
  path: "/sessions",
  validateSearch: validateList,
  beforeLoad: beginning("sessions"),
  component: lazyRouteComponent(listPages, "SessionsPage"),
});

const models = createRoute({
  getParentRoute: () => project,
  path: "/models",
  validateSearch: validateList,
  beforeLoad: beginning("models"),
  component: lazyRouteComponent(listPages, "ModelsPage"),
});

const events = createRoute({
  getParentRoute: () => project,
  path: "/events",
  validateSearch: validateList,
  beforeLoad: beginning("events"),
  component: lazyRouteComponent(listPages, "EventsPage"),
});

const session = createRoute({
  getParentRoute: () => project,
  path: "/sessions/$sessionId",
  validateSearch: validateSession,
  component: lazyRouteComponent(() => import("~/session/SessionPage"), "SessionPage"),
});

const start = createRoute({
  getParentRoute: () => project,
  path: "/start",
  component: lazyRouteComponent(() => import("~/start/StartPage"), "StartPage"),
});

export const router = createRouter({
  routeTree: root.addChildren([
    signIn,
    inside.addChildren([
      home,
      project.addChildren([overview, sessions, models, events, session, start]),
    ]),
  ]),
  history,
  defaultPreload: "intent",
  defaultPendingComponent: Loading,
  defaultErrorComponent: ({ error, reset }) => (
    <Failure error={error} onRetry={reset} way={<ToProjects />} />
  ),
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
