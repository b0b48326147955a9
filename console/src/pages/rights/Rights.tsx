import { Stack } from "@mantine/core";
import { useParams } from "@tanstack/react-router";
import { AccessRules } from "./AccessRules";
import { Quotas } from "./Quotas";
import { ScramUsers } from "./ScramUsers";

/** Who may do what in a cluster, and how much: as the cluster itself has it. */
export function Rights() {
  const { clusterId } = useParams({ from: "/signed-in/clusters/$clusterId" });
  return (
    <Stack gap="lg">
      <AccessRules clusterId={clusterId} />
      <ScramUsers clusterId={clusterId} />
      <Quotas clusterId={clusterId} />
    </Stack>
  );
}
