import { Alert, Progress, Stack, Text } from "@mantine/core";
import { IconLoader } from "@tabler/icons-react";
import { type Operation, useOperations } from "../api/operations";

const UNKNOWN_PERCENT = 0;

/** What is being done to a cluster, step by step. */
export function UnderWay({ clusterId }: { clusterId: string }) {
  const operations = useOperations(clusterId);
  return (
    <div role="status" aria-label="Under way">
      {operations.length > 0 && (
        <Alert color="blue" icon={<IconLoader aria-hidden />} title="Under way">
          <Stack gap="xs">
            {operations.map((operation) => (
              <Step key={operation.id} operation={operation} />
            ))}
          </Stack>
        </Alert>
      )}
    </div>
  );
}

function Step({ operation }: { operation: Operation }) {
  const [present] = operation.steps_left;
  const words = [operation.kind.split(".").pop(), present].filter(Boolean).join(": ");
  return (
    <Stack gap={4}>
      <Text size="sm">{words}</Text>
      <Progress
        value={operation.progress_percent ?? UNKNOWN_PERCENT}
        aria-label={`Progress of ${words}`}
        animated
      />
    </Stack>
  );
}
