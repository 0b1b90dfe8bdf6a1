// The order of test files. Where nothing is known of earlier runs, as after a fresh checkout, Vitest begins with
// the largest ones; these are short and take longest, and the one that begins last would be waited for alone.
import { relative } from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** More than 20 s each, the longest first. */
const LONGEST = [
  "conformance/src/mesh/lapsed.test.ts",
  "conformance/src/rego/rego.test.ts",
  "conformance/src/mesh/joining.test.ts",
  "controller/src/shell/controller.process.test.ts",
  "conformance/src/mesh/up.test.ts",
  "conformance/src/mesh/absence.test.ts",
  "conformance/src/mesh/loss.test.ts",
  "conformance/src/mesh/release.test.ts",
  "conformance/src/mesh/policy.test.ts",
  "cli/src/commands/deep-policies.process.test.ts",
  "conformance/src/mesh/full-disk.test.ts",
  "conformance/src/mesh/leaving.test.ts",
  "conformance/src/proxy/policy-load.process.test.ts",
];

/** Vitest takes nothing but a class. */
export class LongFirst extends BaseSequencer {
  override async sort(specifications: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(specifications);
    return sorted.toSorted((a, b) => this.#place(a) - this.#place(b));
  }

  #place({ moduleId }: TestSpecification): number {
    const at = LONGEST.indexOf(relative(this.ctx.config.root, moduleId));
    return at === -1 ? LONGEST.length : at;
  }
}
