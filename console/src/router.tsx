import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Outlet,
  redirect,
} from "@tanstack/react-router";
import { queryClient } from "./api/queries";
import { dayOf } from "./pages/costs/days";
import { Confirm } from "./pages/door/Confirm";
import { ForgotPassword } from "./pages/door/ForgotPassword";
import { SetPassword } from "./pages/door/SetPassword";
import { SignIn } from "./pages/door/SignIn";
import { SignUp } from "./pages/door/SignUp";
import { type Place, placeOf } from "./pages/messages/place";
import { NotFound } from "./pages/NotFound";
import { sessionQuery } from "./session/session";
import { ClusterFrame } from "./shell/ClusterFrame";
import { Frame } from "./shell/Frame";
import { RouteProblem } from "./shell/RouteProblem";

const root = createRootRoute({ component: Outlet, notFoundComponent: NotFound });

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  component: SignIn,
  validateSearch: (search: Record<string, unknown>): { problem?: string } =>
    typeof search.problem === "string" ? { problem: search.problem } : {},
});

const signUp = createRoute({ getParentRoute: () => root, path: "/sign-up", component: SignUp });

const forgotPassword = createRoute({
  getParentRoute: () => root,
  path: "/forgot-password",
  component: ForgotPassword,
});

/** The token of a mailed link, empty where the address has none. */
const mailedToken = (search: Record<string, unknown>): { token: string } => ({
  token: typeof search.token === "string" ? search.token : "",
});

const confirm = createRoute({
  getParentRoute: () => root,
  path: "/confirm",
  component: Confirm,
  validateSearch: mailedToken,
});

const setPassword = createRoute({
  getParentRoute: () => root,
  path: "/set-password",
  component: SetPassword,
  validateSearch: mailedToken,
});

const signedIn = createRoute({
  getParentRoute: () => root,
  id: "signed-in",
  component: Frame,
  beforeLoad: async () => {
    const session = await queryClient.ensureQueryData(sessionQuery);
    if (session === null) throw redirect({ to: "/sign-in" });
    return { session };
  },
});

const clusters = createRoute({
  getParentRoute: () => signedIn,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/Clusters"), "Clusters"),
});

const createCluster = createRoute({
  getParentRoute: () => signedIn,
  path: "/create-cluster",
  component: lazyRouteComponent(() => import("./pages/create/CreateCluster"), "CreateCluster"),
});

const keys = createRoute({
  getParentRoute: () => signedIn,
  path: "/api-keys",
  component: lazyRouteComponent(() => import("./pages/keys/ApiKeys"), "ApiKeys"),
});

const webhooks = createRoute({
  getParentRoute: () => signedIn,
  path: "/webhooks",
  component: lazyRouteComponent(() => import("./pages/webhooks/Webhooks"), "Webhooks"),
});

const webhook = createRoute({
  getParentRoute: () => signedIn,
  path: "/webhooks/$webhookId",
  component: lazyRouteComponent(() => import("./pages/webhooks/Webhook"), "Webhook"),
});

const profile = createRoute({
  getParentRoute: () => signedIn,
  path: "/profile",
  component: lazyRouteComponent(() => import("./pages/profile/Profile"), "Profile"),
});

const costs = createRoute({
  getParentRoute: () => signedIn,
  path: "/costs",
  component: lazyRouteComponent(() => import("./pages/costs/Costs"), "Costs"),
  // Said outright where there is no such day: what is left out keeps what the address has.
  validateSearch: (search: Record<string, unknown>): { day?: string | undefined } => ({
    day: dayOf(search.day),
  }),
});

const cluster = createRoute({
  getParentRoute: () => signedIn,
  path: "/clusters/$clusterId",
  component: ClusterFrame,
});

const overview = createRoute({
  getParentRoute: () => cluster,
  path: "/",
  component: lazyRouteComponent(() => import("./pages/cluster/Overview"), "Overview"),
});

const topics = createRoute({
  getParentRoute: () => cluster,
  path: "/topics",
  component: lazyRouteComponent(() => import("./pages/topics/Topics"), "Topics"),
});

const groups = createRoute({
  getParentRoute: () => cluster,
  path: "/groups",
  component: lazyRouteComponent(() => import("./pages/groups/Groups"), "Groups"),
});

const rights = createRoute({
  getParentRoute: () => cluster,
  path: "/access",
  component: lazyRouteComponent(() => import("./pages/rights/Rights"), "Rights"),
});

const usage = createRoute({
  getParentRoute: () => cluster,
  path: "/usage",
  component: lazyRouteComponent(() => import("./pages/usage/Usage"), "Usage"),
});

const metrics = createRoute({
  getParentRoute: () => cluster,
  path: "/metrics",
  component: lazyRouteComponent(() => import("./pages/metrics/Metrics"), "Metrics"),
});

const settings = createRoute({
  getParentRoute: () => cluster,
  path: "/settings",
  component: lazyRouteComponent(() => import("./pages/cluster/Settings"), "Settings"),
});

const topic = createRoute({
  getParentRoute: () => signedIn,
  path: "/clusters/$clusterId/topics/$topic",
  validateSearch: (search: Record<string, unknown>): Place => placeOf(search),
  component: lazyRouteComponent(() => import("./pages/topics/Topic"), "Topic"),
});

const group = createRoute({
  getParentRoute: () => signedIn,
  path: "/clusters/$clusterId/groups/$group",
  component: lazyRouteComponent(() => import("./pages/groups/Group"), "Group"),
});

export const router = createRouter({
  basepath: "/console",
  routeTree: root.addChildren([
    signIn,
    signUp,
    forgotPassword,
    confirm,
    setPassword,
    signedIn.addChildren([
      clusters,
      createCluster,
      keys,
      webhooks,
      webhook,
      profile,
      costs,
      cluster.addChildren([overview, topics, groups, rights, metrics, usage, settings]),
      topic,
      group,
    ]),
  ]),
  defaultErrorComponent: RouteProblem,
  defaultPreload: "intent",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
