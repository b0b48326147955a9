import createClient, { type Middleware } from "openapi-fetch";
import { toProblem } from "./problem";
import type { paths } from "./schema";

const UNSAFE_WITH_KEY = "POST";

/** A lost answer may be asked for again: the API answers the same key with the same reply. */
const idempotency: Middleware = {
  onRequest({ request, schemaPath }) {
    if (request.method === UNSAFE_WITH_KEY && schemaPath.startsWith("/v1/")) {
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
