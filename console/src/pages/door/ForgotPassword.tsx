import { Alert, Button, Text } from "@mantine/core";
import { IconMail } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { requestReset } from "../../session/users";
import { Door } from "./Door";
import { EmailField } from "./Fields";

/** Has a link mailed with which a password is set, the first one too. */
export function ForgotPassword() {
  const [email, setEmail] = useState("");
  const attempt = useMutation({ mutationFn: requestReset });
  return (
    <Door title="Set a new password" onSubmit={() => attempt.mutate(email.trim())}>
      {attempt.isSuccess ? (
        <Alert color="teal" icon={<IconMail aria-hidden />} title="Look into your mailbox">
          <Text size="sm">
            If the address is known here, a link came to it that works once within 30 minutes.
          </Text>
        </Alert>
      ) : (
        <>
          <Text size="sm">
            A link is mailed to you. Members who never had a password set their first one so.
          </Text>
          <EmailField value={email} onChange={setEmail} />
          {attempt.isError && <ProblemAlert cause={attempt.error} />}
          <Button type="submit" loading={attempt.isPending} disabled={email.trim() === ""}>
            Mail me a link
          </Button>
        </>
      )}
      <LinkAnchor to="/sign-in" size="sm">
        Back to sign in
      </LinkAnchor>
    </Door>
  );
}
