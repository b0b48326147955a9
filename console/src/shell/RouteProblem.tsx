import { Button, Container, Stack } from "@mantine/core";
import type { ErrorComponentProps } from "@tanstack/react-router";
import { ProblemAlert } from "../parts/ProblemAlert";

/** What stands in place of a page that could not be shown. */
export function RouteProblem({ error, reset }: ErrorComponentProps) {
  return (
    <Container size="sm" py="xl">
      <Stack>
        <ProblemAlert cause={error} />
        <Button variant="default" onClick={reset}>
          Try again
        </Button>
      </Stack>
    </Container>
  );
}
