import { useIsMutating, useQuery } from "@tanstack/react-query";
import { cluster } from "./queries";

/** Names the deletion of a cluster among the changes under way. */
export const deletionOf = (clusterId: string) => ["delete-cluster", clusterId];

/** A cluster, live; no longer asked for while this page deletes it. */
export function useCluster(clusterId: string) {
  const isDeleting = useIsMutating({ mutationKey: deletionOf(clusterId) }) > 0;
  return useQuery({ ...cluster(clusterId), enabled: !isDeleting });
}
