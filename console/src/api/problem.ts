/** What the API says when it refuses: RFC 9457 problem details with Headrace's code and advice. */
export interface ProblemBody {
  title: string;
  status: number;
  code: string;
  detail?: string | null;
  advice?: string | null;
  request_id?: string | null;
  errors?: { field: string; code: string; detail: string }[] | null;
}

export class Problem extends Error {
  constructor(readonly body: ProblemBody) {
    super(body.detail ?? body.title);
    this.name = "Problem";
  }

  /** What was wrong with one field of a form, if the API said so. */
  field(name: string): string | undefined {
    return this.body.errors?.find((error) => error.field === name)?.detail;
  }
}

const UNREACHABLE: ProblemBody = {
  title: "The API cannot be reached",
  status: 0,
  code: "api_unreachable",
  advice: "check that the service is running, then try again",
};

/** Turns whatever came back or was thrown into a Problem. */
export function toProblem(cause: unknown): Problem {
  if (cause instanceof Problem) return cause;
  if (isProblemBody(cause)) return new Problem(cause);
  return new Problem(UNREACHABLE);
}

function isProblemBody(value: unknown): value is ProblemBody {
  return typeof value === "object" && value !== null && "code" in value && "title" in value;
}
