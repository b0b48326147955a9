import { Anchor, type AnchorProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ReactNode, Ref } from "react";

interface Properties extends Omit<AnchorProps, "href"> {
  children?: ReactNode;
  ref?: Ref<HTMLAnchorElement>;
}

/** A link to a page of the console; its address and parameters are checked by the compiler. */
export const LinkAnchor = createLink(function PlainAnchor(properties: Properties) {
  return <Anchor {...properties} />;
});
