import { toProblem } from "./problem";

const NOT_FOUND = 404;

interface Asked {
  state: { error: unknown };
}

/** Ask again every so many milliseconds, until what is asked for is not found. */
export function every(milliseconds: number) {
  return ({ state }: Asked) =>
    state.error !== null && toProblem(state.error).body.status === NOT_FOUND ? false : milliseconds;
}
