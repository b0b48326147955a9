import { Button, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { confirmSignUp } from "../../session/session";
import { Door } from "./Door";

/** Proves an address. It takes a click: programs that open every link of a mail prove nothing. */
export function Confirm() {
  const { token } = useSearch({ from: "/confirm" });
  const confirm = useMutation({ mutationFn: confirmSignUp });
  return (
    <Door title="Confirm your e-mail address" onSubmit={() => confirm.mutate(token)}>
      <Text size="sm">Then your organization is made, and you are signed in.</Text>
      {confirm.isError && <ProblemAlert cause={confirm.error} />}
      <Button type="submit" loading={confirm.isPending}>
        Confirm
      </Button>
    </Door>
  );
}
