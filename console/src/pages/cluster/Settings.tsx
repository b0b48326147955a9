import { Stack } from "@mantine/core";
import { useParams, useRouteContext } from "@tanstack/react-router";
import { useCluster } from "../../api/useCluster";
import { ClientCertificates } from "./ClientCertificates";
import { DeleteCluster } from "./DeleteCluster";
import { EditCluster } from "./EditCluster";
import { ForkCluster } from "./ForkCluster";
import { KeepCluster } from "./KeepCluster";
import { RunControls } from "./RunControls";

/** What changes a cluster as a whole. */
export function Settings() {
  const { clusterId } = useParams({ from: "/signed-in/clusters/$clusterId" });
  const { session } = useRouteContext({ from: "/signed-in" });
  const { data } = useCluster(clusterId);
  if (data === undefined) return null;
  const isAllowed = session.cluster_id === null;
  return (
    <Stack gap="lg">
      <RunControls cluster={data} isAllowed={isAllowed} />
      {isAllowed && <EditCluster key={data.id} cluster={data} />}
      {isAllowed && <KeepCluster key={`keep-${data.id}`} cluster={data} />}
      {isAllowed && <ClientCertificates key={`certificates-${data.id}`} cluster={data} />}
      <ForkCluster cluster={data} isAllowed={isAllowed} />
      <DeleteCluster cluster={data} isAllowed={isAllowed} />
    </Stack>
  );
}
