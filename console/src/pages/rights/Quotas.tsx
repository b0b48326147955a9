import { Button, Skeleton, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { deleteQuota, type Quota, quotas } from "../../api/rights";
import { FigureTable } from "../../parts/FigureTable";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { whole } from "../../parts/quantities";
import { Section } from "../../parts/Section";
import { ConfirmRemoval } from "./ConfirmRemoval";
import { RemoveButton } from "./RemoveButton";
import { RATES } from "./rates";
import { SetQuota } from "./SetQuota";
import { entity } from "./words";

/** The rates that clients of a cluster may reach. */
export function Quotas({ clusterId }: { clusterId: string }) {
  const found = useQuery(quotas(clusterId));
  const [isSetting, setting] = useDisclosure();
  const [removing, setRemoving] = useState<Quota>();
  return (
    <Section
      title="Client quotas"
      description="Rates that clients may reach; who goes over them is slowed down. The limits of the plan hold beside them."
      actions={
        <Button
          leftSection={<IconPlus size={16} aria-hidden />}
          variant="default"
          onClick={setting.open}
        >
          Set a quota
        </Button>
      }
    >
      {found.isError && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={80} />}
      {found.data?.length === 0 && <Text size="sm">None: clients share the plan's rates.</Text>}
      {found.data !== undefined && found.data.length > 0 && (
        <FigureTable
          label="Client quotas"
          columns={[{ label: "For" }, { label: "At most" }, { label: "Delete", isFigure: true }]}
          rows={found.data.map((quota) => ({
            key: JSON.stringify(quota.entity),
            cells: [
              entity(quota),
              Object.entries(quota.rates).map(([name, rate]) => (
                <Text key={name} size="sm">
                  {labelOf(name)}: {whole(rate)}
                </Text>
              )),
              <RemoveButton
                key="remove"
                label={`Delete the quota of ${entity(quota)}`}
                onClick={() => setRemoving(quota)}
              />,
            ],
          }))}
        />
      )}
      <SetQuota clusterId={clusterId} opened={isSetting} onClose={setting.close} />
      <DeleteQuota clusterId={clusterId} quota={removing} onClose={() => setRemoving(undefined)} />
    </Section>
  );
}

function DeleteQuota({
  clusterId,
  quota,
  onClose,
}: {
  clusterId: string;
  quota: Quota | undefined;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: deleteQuota,
    onSuccess: async () => {
      onClose();
      notifications.show({ message: "The quota is deleted." });
      await queries.invalidateQueries({ queryKey: quotas(clusterId).queryKey });
    },
  });
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <ConfirmRemoval
      title="Delete this quota?"
      action="Delete quota"
      opened={quota !== undefined}
      onClose={close}
      onConfirm={() => quota && remove.mutate(quota)}
      isPending={remove.isPending}
      cause={remove.error}
    >
      {quota && (
        <>
          All rates of <b>{entity(quota)}</b> are taken away.
        </>
      )}
    </ConfirmRemoval>
  );
}

function labelOf(name: string): string {
  return RATES.find((rate) => rate.name === name)?.label ?? name;
}
