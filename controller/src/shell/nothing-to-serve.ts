/** Why there is nothing that a controller could give to proxies, for whoever has started it. */
import { printRecord } from "@regomesh/base";
import type { RefusedBody } from "../api/releases.ts";
import { ControllerFailed } from "./controller-failed.ts";

/** Of the first commit, which was refused; or of a source that cannot be read. */
export function nothingToServe(refused: RefusedBody | undefined, trouble: string | undefined): ControllerFailed {
  if (refused === undefined) return new ControllerFailed(trouble ?? "the source has no commit");
  const errors = refused.diagnostics.filter(({ severity }) => severity === "error").map(printRecord);
  const tests = refused.failedTests.map(({ file, row, name, message }) => `${file}:${row}: ${name} fails: ${message}`);
  const hints = [...new Set(refused.diagnostics.flatMap(({ hint }) => (hint === undefined ? [] : [`hint: ${hint}`])))];
  return new ControllerFailed(
    `commit ${refused.commit.slice(0, 7)} cannot be put in force, and there is no earlier revision: ${[...errors, ...tests, ...hints].join("\n")}`,
  );
}
