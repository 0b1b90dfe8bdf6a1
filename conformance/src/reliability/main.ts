/** `npm run conformance:reliability`: what a sidecar's process holds against clients that mean no good, and at its own ends. */
import { parseArgs } from "node:util";
import { HTTP1_CHECKS } from "./http1-checks.ts";
import { HTTP2_CHECKS } from "./http2-checks.ts";
import { LIFECYCLE_CHECKS } from "./lifecycle-checks.ts";

const CHECKS = [...HTTP1_CHECKS, ...HTTP2_CHECKS, ...LIFECYCLE_CHECKS];

export const USAGE = `Runs the checks of docs/reliability.md that need a process, a crowd or time, and prints what was seen.

usage: npm run conformance:reliability -- [--only ID[,ID]]
  --only ID  these alone: ${[...new Set(CHECKS.map(({ id }) => id))].join(", ")}
H4 needs prlimit, I5 wrk, and what the bench needs beside it.
exit codes: 0 all hold, 1 some do not, 64 wrong usage`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: "string" } },
  });
  const only = values.only?.split(",");
  const checks = CHECKS.filter(({ id }) => only === undefined || only.includes(id));
  if (checks.length === 0) {
    console.error(`conformance:reliability: no check is named ${values.only}`);
    return 64;
  }
  let failed = 0;
  for (const { id, what, bound, run } of checks) {
    const { holds, figures } = await run();
    if (!holds) failed++;
    console.log(`${holds ? "holds" : "FAILS"} ${id}: ${what}\n  bound: ${bound}\n  seen:  ${figures}`);
  }
  console.log(`${checks.length - failed} hold, ${failed} do not`);
  return failed === 0 ? 0 : 1;
}
