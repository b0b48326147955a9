import { Button } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { useMutation } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { setPassword } from "../../session/users";
import { Door } from "./Door";
import { PasswordField } from "./Fields";

/** Sets a password by a link that was mailed. */
export function SetPassword() {
  const { token } = useSearch({ from: "/set-password" });
  const navigate = useNavigate();
  const [password, setTyped] = useState("");
  const attempt = useMutation({
    mutationFn: () => setPassword(token, password),
    onSuccess: async () => {
      notifications.show({ message: "The password is set. Sign in with it." });
      await navigate({ to: "/sign-in" });
    },
  });
  return (
    <Door title="Set a new password" onSubmit={() => attempt.mutate()}>
      <PasswordField label="New password" value={password} onChange={setTyped} isNew />
      {attempt.isError && <ProblemAlert cause={attempt.error} />}
      <Button type="submit" loading={attempt.isPending} disabled={password === ""}>
        Set password
      </Button>
    </Door>
  );
}
