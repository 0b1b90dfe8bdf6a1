/** A function of which nothing is known yet. */
import type { CoreFunction } from "./op.ts";
import type { Local } from "./value.ts";

export function newFunction(name: string, params: readonly Local[]): CoreFunction {
  return {
    kind: "function",
    name,
    params,
    path: [],
    body: [],
    survey: undefined,
    fresh: { local: 2, label: 0 },
    grows: undefined,
    keeps: "nothing",
    countsDepth: false,
    stretch: 0,
  };
}
