/** Why there is nothing that a controller could give to proxies, for whoever has started it. */
import { printRecord } from "@regomesh/base";
import type { RefusedBody } from "../api/releases.ts";
import type { SourceTrouble } from "../sources/source.ts";
import { ControllerFailed } from "./controller-failed.ts";

/** Of the first commits, which were refused, the mesh's own first; or of a source that cannot be read. `stateTrouble`: of the state folder. */
export function nothingToServe(
  refused: readonly RefusedBody[],
  [root, ...others]: readonly { readonly name: string; readonly troubles: readonly SourceTrouble[] }[],
  stateTrouble: string | undefined,
): ControllerFailed {
  const [first] = refused;
  if (first === undefined)
    return new ControllerFailed(stateTrouble ?? root?.troubles[0]?.message ?? "the source has no commit");
  const diagnostics = refused.flatMap((each) => each.diagnostics);
  const errors = diagnostics.filter(({ severity }) => severity === "error").map(printRecord);
  const tests = refused
    .flatMap(({ failedTests }) => failedTests)
    .map(({ file, row, name, message }) => `${file}:${row}: ${name} fails: ${message}`);
  const hints = diagnostics.flatMap(({ hint }) => (hint === undefined ? [] : [`hint: ${hint}`]));
  const unread = others.flatMap(({ name, troubles: [trouble] }) =>
    trouble === undefined ? [] : [`source ${name} is not read: ${trouble.message}`],
  );
  const lines = [...new Set([...errors, ...tests, ...hints, ...unread])];
  return new ControllerFailed(
    `commit ${first.commit.slice(0, 7)} cannot be put in force, and there is no earlier revision: ${lines.join("\n")}`,
  );
}
