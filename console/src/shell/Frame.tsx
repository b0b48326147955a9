import { AppShell, Burger, Button, Group, NavLink, Text, UnstyledButton } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import {
  IconChartBar,
  IconKey,
  IconLogout,
  IconServer2,
  IconUser,
  IconWebhook,
} from "@tabler/icons-react";
import { useMutation } from "@tanstack/react-query";
import { Link, Outlet, useRouteContext, useRouterState } from "@tanstack/react-router";
import { toProblem } from "../api/problem";
import { signOut } from "../session/session";
import { ColorScheme } from "./ColorScheme";
import { Mark } from "./Mark";

const CLUSTERS = {
  to: "/",
  label: "Clusters",
  icon: IconServer2,
  under: ["/clusters", "/create-cluster"],
} as const;
const COSTS = { to: "/costs", label: "Costs", icon: IconChartBar, under: ["/costs"] } as const;
const KEYS = { to: "/api-keys", label: "API keys", icon: IconKey, under: ["/api-keys"] } as const;
const WEBHOOKS = {
  to: "/webhooks",
  label: "Webhooks",
  icon: IconWebhook,
  under: ["/webhooks"],
} as const;
const PROFILE = { to: "/profile", label: "Profile", icon: IconUser, under: ["/profile"] } as const;

/** What surrounds every page of who is signed in. */
export function Frame() {
  const [opened, { toggle, close }] = useDisclosure();
  const { session } = useRouteContext({ from: "/signed-in" });
  const path = useRouterState({ select: (state) => state.location.pathname });
  const leaving = useMutation({
    mutationFn: signOut,
    onError: (cause) => notifications.show({ color: "red", message: toProblem(cause).message }),
  });
  // A key of one cluster manages nothing beside it, and sees no costs.
  const shared = session.cluster_id === null ? [CLUSTERS, COSTS, KEYS, WEBHOOKS] : [CLUSTERS];
  const places = [...shared, PROFILE];
  return (
    <AppShell
      header={{ height: 56 }}
      navbar={{ width: 232, breakpoint: "sm", collapsed: { mobile: !opened } }}
      padding={{ base: "md", md: "xl" }}
    >
      <AppShell.Header>
        <Group h="100%" px="md" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap" miw={0}>
            <Burger
              opened={opened}
              onClick={toggle}
              hiddenFrom="sm"
              size="sm"
              aria-label="Navigation"
              aria-expanded={opened}
            />
            <UnstyledButton component={Link} to="/" aria-label="Headrace, your clusters">
              <Group gap={10} wrap="nowrap">
                <Mark />
                <Text fw={700} fz="lg" visibleFrom="xs">
                  Headrace
                </Text>
              </Group>
            </UnstyledButton>
            <Text c="dimmed" aria-hidden>
              /
            </Text>
            <Text size="sm" truncate title={session.organization_name}>
              {session.organization_name}
            </Text>
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ColorScheme />
            <Button
              variant="default"
              size="sm"
              px="sm"
              leftSection={<IconLogout size={16} aria-hidden />}
              onClick={() => leaving.mutate()}
              loading={leaving.isPending}
            >
              Sign out
            </Button>
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="sm" aria-label="Main">
        {places.map((place) => (
          <NavLink
            key={place.to}
            component={Link}
            to={place.to}
            label={place.label}
            leftSection={<place.icon size={18} aria-hidden />}
            active={isUnder(path, place)}
            {...(isUnder(path, place) ? { "aria-current": "page" as const } : {})}
            onClick={close}
            mb={4}
            fw={500}
            style={{ borderRadius: "var(--mantine-radius-md)" }}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main>
        <Outlet />
      </AppShell.Main>
    </AppShell>
  );
}

function isUnder(path: string, place: { to: string; under: readonly string[] }): boolean {
  return path === place.to || place.under.some((start) => path.startsWith(start));
}
