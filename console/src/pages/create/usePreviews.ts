import { useDebouncedValue } from "@mantine/hooks";
import { useQueries } from "@tanstack/react-query";
import { type ExpectedUse, pricePreview } from "../../api/billing";

const TYPING_MS = 250;

/** What each plan would cost by the expected use, asked for again when typing pauses. */
export function usePreviews(plans: readonly string[], use: ExpectedUse | undefined) {
  const [settled] = useDebouncedValue(use, TYPING_MS);
  return useQueries({
    queries: settled === undefined ? [] : plans.map((plan) => pricePreview(plan, settled)),
    combine: (answers) => ({
      byPlan: new Map(
        answers.flatMap(({ data }) => (data === undefined ? [] : [[data.plan, data] as const])),
      ),
      error: answers.find((answer) => answer.isError)?.error ?? null,
    }),
  });
}
