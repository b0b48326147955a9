import { Anchor, Breadcrumbs, Group, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

export interface Crumb {
  label: string;
  to: string;
}

/** A page under its heading: where it stands, what it is, and what can be done with it. */
export function Page({
  title,
  crumbs = [],
  badge,
  description,
  actions,
  children,
}: {
  title: string;
  crumbs?: readonly Crumb[];
  badge?: ReactNode;
  description?: ReactNode;
  actions?: ReactNode;
  children: ReactNode;
}) {
  useDocumentTitle(`${title} · Headrace`);
  return (
    <Stack gap="lg" maw={1440} mx="auto">
      <Stack gap={6}>
        {crumbs.length > 0 && (
          <nav aria-label="Breadcrumbs">
            <Breadcrumbs separatorMargin={6} style={{ flexWrap: "wrap" }}>
              {crumbs.map((crumb) => (
                <Anchor key={crumb.to} component={Link} to={crumb.to} size="sm">
                  {crumb.label}
                </Anchor>
              ))}
              <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>
                {title}
              </Text>
            </Breadcrumbs>
          </nav>
        )}
        <Group justify="space-between" align="center">
          <Group gap="sm" miw={0}>
            <Title order={1} size="h2" style={{ overflowWrap: "anywhere" }}>
              {title}
            </Title>
            {badge}
          </Group>
          {actions}
        </Group>
        {description && (
          <Text c="dimmed" size="sm" maw={720}>
            {description}
          </Text>
        )}
      </Stack>
      {children}
    </Stack>
  );
}
