import { Badge, Button, Group, Skeleton, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import {
  ownSessions,
  revokeOtherSessions,
  revokeSession,
  type SessionInfo,
} from "../../api/sessions";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { moment } from "../../parts/quantities";
import { Section } from "../../parts/Section";
import { deviceOf } from "./device";

/** Where whoever is signed in is signed in, each to be ended. */
export function Sessions() {
  const queries = useQueryClient();
  const found = useQuery(ownSessions);
  const refresh = () => queries.invalidateQueries({ queryKey: ownSessions.queryKey });
  const ending = useMutation({ mutationFn: revokeSession, onSuccess: refresh });
  const endingOthers = useMutation({
    mutationFn: revokeOtherSessions,
    onSuccess: async (ended) => {
      notifications.show({ message: `Sessions ended: ${ended.items.length}.` });
      await refresh();
    },
  });
  const failure = found.error ?? ending.error ?? endingOthers.error;
  const others = found.data?.filter((each) => !each.is_current) ?? [];
  return (
    <Section
      title="Sessions"
      description="Where you are signed in. One that you do not know should be ended, and the password changed."
      actions={
        <Button
          variant="default"
          size="xs"
          disabled={others.length === 0}
          loading={endingOthers.isPending}
          onClick={() => endingOthers.mutate()}
        >
          End all others
        </Button>
      }
    >
      {failure !== null && <ProblemAlert cause={failure} />}
      {found.isPending && <Skeleton h={80} />}
      {found.data?.map((each) => (
        <OneSession
          key={each.id}
          session={each}
          isEnding={ending.isPending && ending.variables === each.id}
          onEnd={() => ending.mutate(each.id)}
        />
      ))}
    </Section>
  );
}

function OneSession({
  session,
  isEnding,
  onEnd,
}: {
  session: SessionInfo;
  isEnding: boolean;
  onEnd: () => void;
}) {
  const device = deviceOf(session.user_agent);
  return (
    <Group justify="space-between" wrap="nowrap">
      <Stack gap={0} miw={0}>
        <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
          {device}
        </Text>
        <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}>
          {session.address ?? "from an unknown address"}, signed in {moment(session.created_at)},
          last used {moment(session.last_used_at)}
        </Text>
      </Stack>
      {session.is_current ? (
        <Badge variant="dot" color="teal" tt="none" fw={600} style={{ flexShrink: 0 }}>
          this one
        </Badge>
      ) : (
        <Button
          variant="default"
          size="xs"
          loading={isEnding}
          onClick={onEnd}
          aria-label={`End ${device}, last used ${moment(session.last_used_at)}`}
          style={{ flexShrink: 0 }}
        >
          End
        </Button>
      )}
    </Group>
  );
}
