import { useDocumentVisibility } from "@mantine/hooks";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { cluster } from "./queries";
import type { components } from "./schema";

export type Operation = components["schemas"]["OperationResponse"];

const ENDED = new Set(["succeeded", "failed"]);

/** Operations of a cluster that go on, as the service tells of each of their steps. */
export function useOperations(clusterId: string): readonly Operation[] {
  const queries = useQueryClient();
  const [open, setOpen] = useState<readonly Operation[]>([]);
  const visibility = useDocumentVisibility();
  useEffect(() => {
    setOpen([]);
    // Browsers open six connections to a server at most: tabs that nobody looks at hold none.
    if (visibility === "hidden") return;
    const query = new URLSearchParams({ resource_id: clusterId });
    const source = new EventSource(`/v1/operations/events?${query}`);
    source.addEventListener("operation", ({ data }) => {
      const told = JSON.parse(data) as Operation;
      setOpen((known) => withChange(known, told));
      if (ENDED.has(told.status)) {
        void queries.invalidateQueries({ queryKey: cluster(clusterId).queryKey });
      }
    });
    return () => source.close();
  }, [clusterId, queries, visibility]);
  return open;
}

/** What goes on after one of them changed. */
export function withChange(known: readonly Operation[], told: Operation): Operation[] {
  const others = known.filter(({ id }) => id !== told.id);
  return ENDED.has(told.status) ? others : [...others, told];
}
