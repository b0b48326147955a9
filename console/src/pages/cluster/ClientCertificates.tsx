import { Button, Group, Select, Stack, Text, Textarea } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { client, unwrap } from "../../api/client";
import { type Cluster, cluster as clusterQuery, clusters } from "../../api/queries";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Section } from "../../parts/Section";
import { certificatesOf, certificatesPatch, MODES } from "./certificates";

/** Which certificates of clients a cluster takes, and whom they make of their holders. */
export function ClientCertificates({ cluster }: { cluster: Cluster }) {
  const queries = useQueryClient();
  const [wanted, setWanted] = useState(certificatesOf(cluster));
  const set = (change: Partial<typeof wanted>) => setWanted({ ...wanted, ...change });
  const patch = certificatesPatch(cluster, wanted);
  const save = useMutation({
    mutationFn: () =>
      unwrap(
        client.PATCH("/v1/clusters/{cluster_id}", {
          params: { path: { cluster_id: cluster.id } },
          body: { client_certificates: patch },
        }),
      ),
    onSuccess: () => notifications.show({ message: `Cluster ${cluster.name} is changed.` }),
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: clusterQuery(cluster.id).queryKey }),
        queries.invalidateQueries({ queryKey: clusters.queryKey }),
      ]),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Section title="Client certificates">
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">
            Clients that show a certificate connect to an address of its own, without a key, and are
            who it says. A change restarts the broker, which refuses no connection meanwhile.
          </Text>
          <Select
            label="The cluster"
            data={MODES}
            value={wanted.mode}
            onChange={(mode) => mode && set({ mode })}
            allowDeselect={false}
          />
          {wanted.mode !== "off" && (
            <>
              <Textarea
                label="Authorities"
                description="PEM certificates of those whose signature is trusted, at most 20."
                value={wanted.authorities}
                onChange={(event) => set({ authorities: event.currentTarget.value })}
                autosize
                minRows={3}
                maxRows={12}
                spellCheck={false}
                required
              />
              <Textarea
                label="Principal mapping rules"
                description="Kafka's ssl.principal.mapping.rules; empty for the whole subject."
                value={wanted.rules}
                onChange={(event) => set({ rules: event.currentTarget.value })}
                autosize
                spellCheck={false}
              />
            </>
          )}
          {save.isError && <ProblemAlert cause={save.error} />}
          <Group>
            <Button type="submit" disabled={patch === null} loading={save.isPending}>
              Save certificates
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
