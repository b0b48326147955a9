import { Button, SimpleGrid, Skeleton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { groupLag, group as groupQuery } from "../../api/groups";
import { cluster } from "../../api/queries";
import { Figure } from "../../parts/Figure";
import { Page } from "../../parts/Page";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { plural, whole } from "../../parts/quantities";
import { DeleteGroup } from "./DeleteGroup";
import { GroupState } from "./GroupState";
import { LagChart } from "./LagChart";
import { Members } from "./Members";
import { Partitions } from "./Partitions";
import { ResetOffsets } from "./ResetOffsets";
import { span } from "./span";

/** One consumer group: who reads, how far behind, and a way to have it read from elsewhere. */
export function Group() {
  const { clusterId, group: groupId } = useParams({
    from: "/signed-in/clusters/$clusterId/groups/$group",
  });
  const place = useQuery(cluster(clusterId));
  const found = useQuery(groupQuery(clusterId, groupId));
  const lag = useQuery(groupLag(clusterId, groupId));
  const [isResetting, resetting] = useDisclosure();
  const crumbs = [
    { label: "Clusters", to: "/" },
    { label: place.data?.name ?? clusterId, to: `/clusters/${clusterId}` },
    { label: "Groups", to: `/clusters/${clusterId}/groups` },
  ];
  if (found.data === undefined || lag.data === undefined) {
    const cause = found.error ?? lag.error;
    return (
      <Page title={groupId} crumbs={crumbs}>
        {cause === null ? <Skeleton h={240} /> : <ProblemAlert cause={cause} />}
      </Page>
    );
  }
  return (
    <Page
      title={groupId}
      crumbs={crumbs}
      badge={<GroupState state={found.data.state} />}
      actions={
        <Button variant="default" onClick={resetting.open}>
          Move offsets
        </Button>
      }
    >
      <SimpleGrid cols={{ base: 1, sm: 3 }}>
        <Figure
          label="Lag"
          value={whole(lag.data.lag)}
          note={`unread records in ${plural(lag.data.partitions, "partition")}`}
        />
        <Figure
          label="Lag in time"
          value={span(lag.data.lag_ms)}
          note={
            lag.data.is_lag_ms_complete
              ? "from the first unread record to the newest one"
              : "at least: only some partitions were looked at"
          }
        />
        <Figure
          label="Consumers"
          value={whole(found.data.members.length)}
          note={
            found.data.assignor === ""
              ? "none is in the group"
              : `sharing by ${found.data.assignor}`
          }
        />
      </SimpleGrid>
      <LagChart clusterId={clusterId} groupId={groupId} />
      <Partitions lag={lag.data} />
      <Members members={found.data.members} />
      <DeleteGroup clusterId={clusterId} group={found.data} />
      <ResetOffsets
        clusterId={clusterId}
        lag={lag.data}
        opened={isResetting}
        onClose={resetting.close}
      />
    </Page>
  );
}
