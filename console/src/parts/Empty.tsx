import { Card, Stack, Text, ThemeIcon, Title } from "@mantine/core";
import type { Icon } from "@tabler/icons-react";
import type { ReactNode } from "react";

/** What stands where there is nothing to list yet: what it would be, and how to get the first. */
export function Empty({
  icon: Picture,
  title,
  children,
  action,
}: {
  icon: Icon;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}) {
  return (
    <Card withBorder py={48} px="lg">
      <Stack align="center" gap="sm" ta="center">
        <ThemeIcon variant="light" size={52} radius="xl" aria-hidden>
          <Picture size={26} />
        </ThemeIcon>
        <Title order={2} size="h4">
          {title}
        </Title>
        <Text c="dimmed" size="sm" maw={440}>
          {children}
        </Text>
        {action}
      </Stack>
    </Card>
  );
}
