import { Alert, Skeleton, Tabs } from "@mantine/core";
import { IconInfoCircle } from "@tabler/icons-react";
import { Outlet, useNavigate, useParams, useRouterState } from "@tanstack/react-router";
import { useCluster } from "../api/useCluster";
import { Page } from "../parts/Page";
import { ProblemAlert } from "../parts/ProblemAlert";
import { StatusBadge } from "../parts/StatusBadge";
import { UnderWay } from "./UnderWay";

const TABS = [
  { value: "overview", label: "Overview", to: "/clusters/$clusterId" },
  { value: "topics", label: "Topics", to: "/clusters/$clusterId/topics" },
  { value: "groups", label: "Groups", to: "/clusters/$clusterId/groups" },
  { value: "access", label: "Access", to: "/clusters/$clusterId/access" },
  { value: "metrics", label: "Metrics", to: "/clusters/$clusterId/metrics" },
  { value: "usage", label: "Usage", to: "/clusters/$clusterId/usage" },
  { value: "settings", label: "Settings", to: "/clusters/$clusterId/settings" },
] as const;

const CRUMBS = [{ label: "Clusters", to: "/" }];

/** What surrounds the pages of one cluster. */
export function ClusterFrame() {
  const { clusterId } = useParams({ from: "/signed-in/clusters/$clusterId" });
  const found = useCluster(clusterId);
  const path = useRouterState({ select: (state) => state.location.pathname });
  const navigate = useNavigate();
  const active = TABS.find((tab) => path.endsWith(`/${tab.value}`))?.value ?? "overview";
  if (found.data === undefined) {
    return (
      <Page title="Cluster" crumbs={CRUMBS}>
        {found.isError ? <ProblemAlert cause={found.error} /> : <Skeleton h={240} />}
      </Page>
    );
  }
  return (
    <Page
      title={found.data.name}
      crumbs={CRUMBS}
      badge={<StatusBadge status={found.data.status} />}
    >
      <UnderWay clusterId={clusterId} />
      {found.data.reason && (
        <Alert color="yellow" icon={<IconInfoCircle aria-hidden />} title="Not yet as wanted">
          {found.data.reason}
        </Alert>
      )}
      <Tabs
        value={active}
        onChange={(value) => {
          const tab = TABS.find((each) => each.value === value);
          if (tab) void navigate({ to: tab.to, params: { clusterId } });
        }}
      >
        <Tabs.List>
          {TABS.map((tab) => (
            <Tabs.Tab key={tab.value} value={tab.value}>
              {tab.label}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {TABS.map((tab) => (
          <Tabs.Panel key={tab.value} value={tab.value} pt="lg">
            {tab.value === active && <Outlet />}
          </Tabs.Panel>
        ))}
      </Tabs>
    </Page>
  );
}
