import { Alert, Button, Text, TextInput } from "@mantine/core";
import { IconMail } from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { LinkAnchor } from "../../parts/LinkAnchor";
import { ProblemAlert } from "../../parts/ProblemAlert";
import { signUp } from "../../session/users";
import { Door } from "./Door";
import { EmailField, PasswordField } from "./Fields";

const NAME_LENGTH_MAX = 100;

/** Asks to be taken; the address is proved by a link that is mailed to it. */
export function SignUp() {
  const [wanted, setWanted] = useState({ email: "", name: "", organization: "", password: "" });
  const attempt = useMutation({ mutationFn: signUp });
  const set = (field: keyof typeof wanted) => (value: string) =>
    setWanted((before) => ({ ...before, [field]: value }));
  const isFilled = Object.values(wanted).every((each) => each.trim() !== "");
  if (attempt.isSuccess) {
    return (
      <Door title="Look into your mailbox" onSubmit={() => undefined}>
        <Alert color="teal" icon={<IconMail aria-hidden />} title="We have written to you">
          <Text size="sm">
            The link that came to <b>{wanted.email}</b> confirms your address. It works for 24
            hours.
          </Text>
        </Alert>
      </Door>
    );
  }
  return (
    <Door title="Sign up" onSubmit={() => attempt.mutate(wanted)}>
      <TextInput
        label="Your name"
        value={wanted.name}
        onChange={(event) => set("name")(event.currentTarget.value)}
        autoComplete="name"
        maxLength={NAME_LENGTH_MAX}
        required
      />
      <TextInput
        label="Organization"
        description="What your clusters will belong to"
        value={wanted.organization}
        onChange={(event) => set("organization")(event.currentTarget.value)}
        autoComplete="organization"
        maxLength={NAME_LENGTH_MAX}
        required
      />
      <EmailField value={wanted.email} onChange={set("email")} />
      <PasswordField value={wanted.password} onChange={set("password")} isNew />
      {attempt.isError && <ProblemAlert cause={attempt.error} />}
      <Button type="submit" loading={attempt.isPending} disabled={!isFilled}>
        Sign up
      </Button>
      <LinkAnchor to="/sign-in" size="sm">
        I have a password already
      </LinkAnchor>
    </Door>
  );
}
