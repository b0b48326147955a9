import { Anchor, Container, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "@mantine/hooks";
import { Link } from "@tanstack/react-router";

/** For an address that leads nowhere. */
export function NotFound() {
  useDocumentTitle("Nothing here · Headrace");
  return (
    <Container component="main" size="sm" py={80}>
      <Stack>
        <Title order={1} size="h2">
          Nothing here
        </Title>
        <Text>This address does not lead to a page of the console.</Text>
        <Anchor component={Link} to="/">
          To your clusters
        </Anchor>
      </Stack>
    </Container>
  );
}
