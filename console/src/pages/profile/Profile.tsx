import { Badge, Button, Group, Stack, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { Page } from "../../parts/Page";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { Section } from "../../parts/Section";
import { leave, switchOrganization } from "../../session/session";
import { changePassword, ownOrganizations } from "../../session/users";
import { PasswordField } from "../door/Fields";
import { Sessions } from "./Sessions";

/** What whoever is signed in may change of their own; an API key has sessions and no more. */
export function Profile() {
  const { session } = useRouteContext({ from: "/signed-in" });
  if (session.kind !== "member") {
    return (
      <Page title="Profile" description="Where this API key is signed in.">
        <Sessions />
      </Page>
    );
  }
  return (
    <Page title="Profile" description="Your organizations, your password and your sessions.">
      <Organizations />
      <Password />
      <Sessions />
    </Page>
  );
}

function Organizations() {
  const { session } = useRouteContext({ from: "/signed-in" });
  const found = useQuery(ownOrganizations);
  const going = useMutation({ mutationFn: switchOrganization });
  const failure = found.error ?? going.error;
  return (
    <Section title="Organizations" description="You are a member of these.">
      {failure !== null && <ProblemAlert cause={failure} />}
      {found.data?.map((each) => (
        <Group key={each.id} justify="space-between" wrap="nowrap">
          <Stack gap={0} miw={0}>
            <Text size="sm" fw={600} style={{ overflowWrap: "anywhere" }}>
              {each.name}
            </Text>
            <Text size="xs" c="dimmed" className="mono" style={{ overflowWrap: "anywhere" }}>
              {each.id}
            </Text>
          </Stack>
          {each.id === session.organization_id ? (
            <Badge variant="dot" color="teal" tt="none" fw={600} style={{ flexShrink: 0 }}>
              here
            </Badge>
          ) : (
            <Button
              variant="default"
              size="xs"
              loading={going.isPending && going.variables === each.id}
              onClick={() => going.mutate(each.id)}
              aria-label={`Go to ${each.name}`}
              style={{ flexShrink: 0 }}
            >
              Go there
            </Button>
          )}
        </Group>
      ))}
    </Section>
  );
}

function Password() {
  const [old, setOld] = useState("");
  const [fresh, setFresh] = useState("");
  const change = useMutation({
    mutationFn: () => changePassword(old, fresh),
    onSuccess: async () => {
      notifications.show({ message: "The password is changed. Sign in with it." });
      await leave();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    change.mutate();
  };
  return (
    <Section title="Password" description="Changing it ends every session of yours, this one too.">
      <form onSubmit={submit}>
        <Stack maw={420}>
          <PasswordField label="Present password" value={old} onChange={setOld} />
          <PasswordField label="New password" value={fresh} onChange={setFresh} isNew />
          {change.isError && <ProblemAlert cause={change.error} />}
          <Group>
            <Button type="submit" loading={change.isPending} disabled={old === "" || fresh === ""}>
              Change password
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
