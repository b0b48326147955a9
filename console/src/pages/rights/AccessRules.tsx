import { Button, Skeleton, Text, TextInput } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPlus, IconSearch } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { type AccessRule, accessRules, deleteRule } from "../../api/rights";
import { FigureTable } from "../../parts/FigureTable";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Section } from "../../parts/Section";
import { ConfirmRemoval } from "./ConfirmRemoval";
import { CreateRule } from "./CreateRule";
import { RemoveButton } from "./RemoveButton";
import { resource, ruleKey, who } from "./words";

const SEARCHABLE_FROM = 8;
const SHOWN_MAX = 300;

/** The access rules of a cluster. */
export function AccessRules({ clusterId }: { clusterId: string }) {
  const found = useQuery(accessRules(clusterId));
  const [isCreating, creating] = useDisclosure();
  const [removing, setRemoving] = useState<AccessRule>();
  const [wanted, setWanted] = useState("");
  const all = found.data ?? [];
  const matching = all.filter((rule) =>
    `${resource(rule)} ${who(rule)} ${rule.operation}`.includes(wanted.trim()),
  );
  return (
    <Section
      title="Access rules"
      description="Kafka's ACLs. What no rule is about is open to every key of the organization; the first rule about it closes it to all whom no rule allows."
      actions={
        <Button
          leftSection={<IconPlus size={16} aria-hidden />}
          variant="default"
          onClick={creating.open}
        >
          Add a rule
        </Button>
      }
    >
      {found.isError && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={80} />}
      {found.data?.length === 0 && (
        <Text size="sm">None: every key of the organization may do what its role allows.</Text>
      )}
      {all.length >= SEARCHABLE_FROM && (
        <TextInput
          aria-label="Find a rule"
          placeholder="Find a rule"
          leftSection={<IconSearch size={16} aria-hidden />}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
          maw={280}
        />
      )}
      {all.length > 0 && (
        <FigureTable
          label="Access rules"
          columns={[
            { label: "Who" },
            { label: "May" },
            { label: "With" },
            { label: "Delete", isFigure: true },
          ]}
          rows={matching.slice(0, SHOWN_MAX).map((rule) => ({
            key: ruleKey(rule),
            cells: [
              who(rule),
              `${rule.permission === "deny" ? "not " : ""}${rule.operation.replaceAll("_", " ")}`,
              resource(rule),
              <RemoveButton
                key="remove"
                label={`Delete the rule of ${who(rule)} about ${resource(rule)}`}
                onClick={() => setRemoving(rule)}
              />,
            ],
          }))}
        />
      )}
      {matching.length > SHOWN_MAX && (
        <Text size="sm">
          {SHOWN_MAX} of {matching.length} rules are shown; search for others.
        </Text>
      )}
      <CreateRule clusterId={clusterId} opened={isCreating} onClose={creating.close} />
      <DeleteRule clusterId={clusterId} rule={removing} onClose={() => setRemoving(undefined)} />
    </Section>
  );
}

function DeleteRule({
  clusterId,
  rule,
  onClose,
}: {
  clusterId: string;
  rule: AccessRule | undefined;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: deleteRule,
    onSuccess: async () => {
      onClose();
      notifications.show({ message: "The rule is deleted." });
      await queries.invalidateQueries({ queryKey: accessRules(clusterId).queryKey });
    },
  });
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <ConfirmRemoval
      title="Delete this rule?"
      action="Delete rule"
      opened={rule !== undefined}
      onClose={close}
      onConfirm={() => rule && remove.mutate(rule)}
      isPending={remove.isPending}
      cause={remove.error}
    >
      {rule && (
        <>
          <b>{who(rule)}</b> {rule.permission === "deny" ? "may not" : "may"}{" "}
          {rule.operation.replaceAll("_", " ")} with {resource(rule)}. If no other rule is about it,
          it is open to every key of the organization again.
        </>
      )}
    </ConfirmRemoval>
  );
}
