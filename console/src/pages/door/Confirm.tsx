import { Button, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { confirmSignUp } from "../../session/session";
import { Door } from "./Door";
import { PasswordField } from "./Fields";

/** Proves an address, of whoever knows the password that was chosen when signing up. */
export function Confirm() {
  const { token } = useSearch({ from: "/confirm" });
  const [password, setPassword] = useState("");
  const confirm = useMutation({ mutationFn: () => confirmSignUp(token, password) });
  return (
    <Door title="Confirm your e-mail address" onSubmit={() => confirm.mutate()}>
      <Text size="sm">
        Then your organization is made, and you are signed in. If you did not sign up, leave this
        page.
      </Text>
      <PasswordField label="The password you chose" value={password} onChange={setPassword} />
      {confirm.isError && <ProblemAlert cause={confirm.error} />}
      <Button type="submit" loading={confirm.isPending} disabled={password === ""}>
        Confirm
      </Button>
    </Door>
  );
}
