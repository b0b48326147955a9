import { PasswordInput, TextInput } from "@mantine/core";

const EMAIL_LENGTH_MAX = 254;

interface Properties {
  value: string;
  onChange: (value: string) => void;
}

/** The address that somebody signs in with. */
export function EmailField({ value, onChange }: Properties) {
  return (
    <TextInput
      label="E-mail address"
      type="email"
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete="username"
      maxLength={EMAIL_LENGTH_MAX}
      required
    />
  );
}

/** A password that is there, or one to be set. */
export function PasswordField({
  value,
  onChange,
  label = "Password",
  isNew = false,
}: Properties & { label?: string; isNew?: boolean }) {
  return (
    <PasswordInput
      label={label}
      {...(isNew ? { description: "At least ten characters; four unrelated words are good" } : {})}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      autoComplete={isNew ? "new-password" : "current-password"}
      visibilityToggleButtonProps={{ "aria-label": `Show or hide: ${label}` }}
      required
    />
  );
}
