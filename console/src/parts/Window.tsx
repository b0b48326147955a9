import { Group, Modal, type ModalRootProps } from "@mantine/core";
import type { ReactNode } from "react";

/** A window over the page. Its heading is no landmark of the page, unlike that of Mantine's own. */
export function Window({
  title,
  children,
  ...rest
}: Omit<ModalRootProps, "title" | "children"> & { title: string; children: ReactNode }) {
  return (
    <Modal.Root {...rest}>
      <Modal.Overlay />
      <Modal.Content radius="md">
        <Group justify="space-between" wrap="nowrap" px="lg" pt="lg" pb="xs">
          <Modal.Title fw={650} fz="lg">
            {title}
          </Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </Group>
        <Modal.Body p="lg" pt="xs">
          {children}
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
