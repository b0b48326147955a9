import { useDebouncedValue } from "@mantine/hooks";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { client, unwrap } from "../../api/client";
import { type Topic, topic as topicQuery, topics } from "../../api/queries";
import type { components } from "../../api/schema";

export type TopicChange = components["schemas"]["TopicUpdate"];

const TYPING_MS = 300;

/** Changes a topic. */
export function useChange(topic: Topic, onDone: (changed: Topic) => void) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (change: TopicChange) => send(topic, change, false),
    onSuccess: (changed) => {
      queries.setQueryData(topicQuery(topic.cluster_id, topic.name).queryKey, changed);
      void queries.invalidateQueries({ queryKey: topics(topic.cluster_id).queryKey });
      onDone(changed);
    },
  });
}

/**
 * What the API's dry run says of a change while it is typed; without a change nothing.
 *
 * `isGood` is true for a change that was found possible and is still the one that is typed.
 */
export function useCheck(topic: Topic, change: TopicChange | undefined) {
  const [settled] = useDebouncedValue(change, TYPING_MS);
  const isSettled = JSON.stringify(settled) === JSON.stringify(change);
  const check = useQuery({
    queryKey: ["topic-check", topic.cluster_id, topic.name, settled],
    enabled: settled !== undefined,
    queryFn: () => (settled === undefined ? undefined : send(topic, settled, true)),
    retry: false,
    gcTime: 0,
  });
  const isAsked = change !== undefined && isSettled;
  return {
    isGood: isAsked && check.isSuccess,
    cause: isAsked ? check.error : null,
  };
}

function send(topic: Topic, change: TopicChange, isDryRun: boolean): Promise<Topic> {
  return unwrap(
    client.PATCH("/v1/clusters/{cluster_id}/topics/{topic_name}", {
      params: {
        path: { cluster_id: topic.cluster_id, topic_name: topic.name },
        query: { dry_run: isDryRun },
      },
      body: change,
    }),
  );
}
