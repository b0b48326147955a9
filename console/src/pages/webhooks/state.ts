import type { Webhook } from "../../api/webhooks";

export interface State {
  label: "called" | "failing" | "disabled";
  color: "teal" | "yellow" | "gray";
}

/** How a webhook is, in one word. */
export function stateOf(webhook: Pick<Webhook, "enabled" | "failing_since">): State {
  if (!webhook.enabled) return { label: "disabled", color: "gray" };
  if (webhook.failing_since !== null) return { label: "failing", color: "yellow" };
  return { label: "called", color: "teal" };
}

const REASONS: Record<string, string> = {
  disabled_by_owner: "Somebody of your organization disabled it.",
  failed_for_days: "It failed for three days without one success, and is not called any more.",
  answered_gone: "It answered 410 Gone, which asks never to be called again.",
};

/** Why a webhook is not called, for people. */
export function reasonOf(reason: string | null): string {
  return REASONS[reason ?? ""] ?? "It is not called.";
}
