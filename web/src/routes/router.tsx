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
import { queries } from "~/app/queries";
import { Failure, Loading } from "~/app/states";
import { validateList } from "~/lists/address";
import { history } from "~/routes/history";
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
  loader: ({ params }) => queries.ensureQueryData(projectQuery(params.projectId)),
  component: ProjectFrame,
});

const overview = createRoute({
  getParentRoute: () => project,
  path: "/",
  beforeLoad: ({ params }) => {
    throw redirect({ to: "/projects/$projectId/sessions", params });
  },
});

const sessions = createRoute({
  getParentRoute: () => project,
  path: "/sessions",
  validateSearch: validateList,
  component: lazyRouteComponent(() => import("~/lists/pages"), "SessionsPage"),
});

const models = createRoute({
  getParentRoute: () => project,
  path: "/models",
  validateSearch: validateList,
  component: lazyRouteComponent(() => import("~/lists/pages"), "ModelsPage"),
});

const events = createRoute({
  getParentRoute: () => project,
  path: "/events",
  validateSearch: validateList,
  component: lazyRouteComponent(() => import("~/lists/pages"), "EventsPage"),
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
