import { Skeleton, Tabs } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { cluster, topic } from "../../api/queries";
import { Page } from "../../parts/Page";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { plural } from "../../parts/quantities";
import { Messages } from "../messages/Messages";
import { TopicSettings } from "./TopicSettings";

/** One topic: what is in it, and how it is set up. */
export function Topic() {
  const { clusterId, topic: name } = useParams({
    from: "/signed-in/clusters/$clusterId/topics/$topic",
  });
  const place = useQuery(cluster(clusterId));
  const found = useQuery(topic(clusterId, name));
  const crumbs = [
    { label: "Clusters", to: "/" },
    { label: place.data?.name ?? clusterId, to: `/clusters/${clusterId}` },
    { label: "Topics", to: `/clusters/${clusterId}/topics` },
  ];
  if (found.data === undefined) {
    return (
      <Page title={name} crumbs={crumbs}>
        {found.isError ? <ProblemAlert cause={found.error} /> : <Skeleton h={240} />}
      </Page>
    );
  }
  return (
    <Page title={name} crumbs={crumbs} description={plural(found.data.partitions, "partition")}>
      <Tabs defaultValue="messages" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="messages">Messages</Tabs.Tab>
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="messages" pt="lg">
          <Messages key={found.data.id} topic={found.data} />
        </Tabs.Panel>
        <Tabs.Panel value="settings" pt="lg">
          <TopicSettings topic={found.data} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  );
}
