import { Button, Group, Select, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { accessRules, type NewAccessRule } from "../../api/rights";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Window } from "../../parts/Window";
import { CLUSTER_NAME, OPERATIONS, PATTERNS, PERMISSIONS, RESOURCE_TYPES } from "./choices";

const TEXT_LENGTH_MAX = 1000;

interface Props {
  clusterId: string;
  opened: boolean;
  onClose: () => void;
}

/** Adds an access rule; the cluster itself says what is wrong with one. */
export function CreateRule({ clusterId, opened, onClose }: Props) {
  return (
    <Window opened={opened} onClose={onClose} title="Add an access rule" size="lg">
      <RuleForm clusterId={clusterId} onClose={onClose} />
    </Window>
  );
}

function RuleForm({ clusterId, onClose }: Omit<Props, "opened">) {
  const queries = useQueryClient();
  const [rule, setRule] = useState<Required<NewAccessRule>>({
    principal: "",
    permission: "allow",
    operation: "read",
    resource_type: "topic",
    resource_name: "",
    pattern_type: "literal",
    host: "*",
  });
  const isCluster = rule.resource_type === "cluster";
  const create = useMutation({
    mutationFn: () =>
      unwrap(
        client.POST("/v1/clusters/{cluster_id}/access-rules", {
          params: { path: { cluster_id: clusterId } },
          body: {
            ...rule,
            principal: principalOf(rule.principal),
            resource_name: isCluster ? CLUSTER_NAME : rule.resource_name,
            pattern_type: isCluster ? "literal" : rule.pattern_type,
          },
        }),
      ),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: accessRules(clusterId).queryKey });
      notifications.show({ message: "The rule is in force." });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate();
  };
  const change = (part: Partial<Required<NewAccessRule>>) => setRule({ ...rule, ...part });
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Who"
          description="The id of an API key, the name of a user, or * for everyone."
          placeholder="hk_9v2mh8k3c5d7f1g0"
          value={rule.principal}
          onChange={(event) => change({ principal: event.currentTarget.value })}
          maxLength={TEXT_LENGTH_MAX}
          autoComplete="off"
          spellCheck={false}
          required
          data-autofocus
        />
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <Select
            label="Permission"
            data={PERMISSIONS}
            value={rule.permission}
            onChange={(permission) => change({ permission: permission ?? "allow" })}
            allowDeselect={false}
          />
          <Select
            label="Operation"
            data={OPERATIONS}
            value={rule.operation}
            onChange={(operation) => change({ operation: operation ?? "read" })}
            allowDeselect={false}
          />
          <Select
            label="Kind of resource"
            data={RESOURCE_TYPES}
            value={rule.resource_type}
            onChange={(kind) => change({ resource_type: kind ?? "topic" })}
            allowDeselect={false}
          />
          {!isCluster && (
            <Select
              label="Which"
              data={PATTERNS}
              value={rule.pattern_type}
              onChange={(pattern) => change({ pattern_type: pattern ?? "literal" })}
              allowDeselect={false}
            />
          )}
        </SimpleGrid>
        {!isCluster && (
          <TextInput
            label="Name"
            description={
              rule.pattern_type === "prefixed"
                ? "How the names begin."
                : "The whole name, or * for all of the kind."
            }
            value={rule.resource_name}
            onChange={(event) => change({ resource_name: event.currentTarget.value })}
            maxLength={TEXT_LENGTH_MAX}
            autoComplete="off"
            spellCheck={false}
            required
          />
        )}
        <TextInput
          label="From"
          description="An IP address, or * for anywhere."
          value={rule.host}
          onChange={(event) => change({ host: event.currentTarget.value })}
          maxLength={TEXT_LENGTH_MAX}
          autoComplete="off"
          spellCheck={false}
          required
        />
        <Text size="sm" c="dimmed">
          The first rule about a resource closes it to all others, this console among them.
        </Text>
        {create.isError && <ProblemAlert cause={create.error} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            type="submit"
            loading={create.isPending}
            disabled={rule.principal === "" || (!isCluster && rule.resource_name === "")}
          >
            Add rule
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function principalOf(name: string): string {
  return name.startsWith("User:") ? name : `User:${name}`;
}
