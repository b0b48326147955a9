import createClient, { type Middleware } from "openapi-fetch";
import { toProblem } from "./problem";
import type { paths } from "./schema";

const UNSAFE_WITH_KEY = "POST";
/** These compute and keep nothing, so there is no reply to keep either. */
const KEEPING_NOTHING = new Set(["/v1/billing/price-previews"]);

/** A lost answer may be asked for again: the API answers the same key with the same reply. */
const idempotency: Middleware = {
  onRequest({ request, schemaPath }) {
    const isKept = schemaPath.startsWith("/v1/") && !KEEPING_NOTHING.has(schemaPath);
    if (request.method === UNSAFE_WITH_KEY && isKept) {
      request.headers.set("Idempotency-Key", crypto.randomUUID());
    }
    return request;
  },
};

export const client = createClient<paths>({ baseUrl: "/", credentials: "same-origin" });
client.use(idempotency);

/** The data of an answer; throws a Problem for anything else. */
export async function unwrap<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const answer = await call.catch((cause: unknown) => {
    throw toProblem(cause);
  });
  if (answer.error !== undefined) throw toProblem(answer.error);
  return answer.data as T;
}
