import { Button, Skeleton, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconPlus } from "@tabler/icons-react";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { client, unwrap } from "../../api/client";
import { type ScramUser, scramUsers } from "../../api/rights";
import { FigureTable } from "../../parts/FigureTable";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Section } from "../../parts/Section";
import { ConfirmRemoval } from "./ConfirmRemoval";
import { CreateUser } from "./CreateUser";
import { RemoveButton } from "./RemoveButton";

/** The logins of a cluster that are no API keys. */
export function ScramUsers({ clusterId }: { clusterId: string }) {
  const found = useQuery(scramUsers(clusterId));
  const [isCreating, creating] = useDisclosure();
  const [removing, setRemoving] = useState<ScramUser>();
  return (
    <Section
      title="SCRAM users"
      description="Logins of this cluster alone, for programs that bring a user name and password of their own. API keys are none of them."
      actions={
        <Button
          leftSection={<IconPlus size={16} aria-hidden />}
          variant="default"
          onClick={creating.open}
        >
          Add a user
        </Button>
      }
    >
      {found.isError && <ProblemAlert cause={found.error} />}
      {found.isPending && <Skeleton h={80} />}
      {found.data?.length === 0 && <Text size="sm">None: programs log in by API keys.</Text>}
      {found.data !== undefined && found.data.length > 0 && (
        <FigureTable
          label="SCRAM users"
          columns={[
            { label: "Name" },
            { label: "Logs in by", from: "sm" },
            { label: "Delete", isFigure: true },
          ]}
          rows={found.data.map((user) => ({
            key: user.name,
            cells: [
              user.name,
              user.logins.map((login) => login.mechanism).join(", "),
              <RemoveButton
                key="remove"
                label={`Delete the user ${user.name}`}
                onClick={() => setRemoving(user)}
              />,
            ],
          }))}
        />
      )}
      <CreateUser clusterId={clusterId} opened={isCreating} onClose={creating.close} />
      <DeleteUser clusterId={clusterId} user={removing} onClose={() => setRemoving(undefined)} />
    </Section>
  );
}

function DeleteUser({
  clusterId,
  user,
  onClose,
}: {
  clusterId: string;
  user: ScramUser | undefined;
  onClose: () => void;
}) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: (name: string) =>
      unwrap(
        client.DELETE("/v1/clusters/{cluster_id}/scram-users/{user_name}", {
          params: { path: { cluster_id: clusterId, user_name: name } },
        }),
      ),
    onSuccess: async ({ name }) => {
      onClose();
      notifications.show({ message: `User ${name} is deleted.` });
      await queries.invalidateQueries({ queryKey: scramUsers(clusterId).queryKey });
    },
  });
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <ConfirmRemoval
      title="Delete this user?"
      action="Delete user"
      opened={user !== undefined}
      onClose={close}
      onConfirm={() => user && remove.mutate(user.name)}
      isPending={remove.isPending}
      cause={remove.error}
    >
      Programs that log in as <b>{user?.name}</b> are disconnected and refused from then on. Access
      rules that name it stay.
    </ConfirmRemoval>
  );
}
