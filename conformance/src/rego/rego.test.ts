import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { readCases, SUITES, suiteFolder } from "./main.ts";
import { readKnownIssues, runSuite, surprises } from "./suite.ts";

for (const suite of SUITES) {
  const folder = suiteFolder(suite);
  test.skipIf(!existsSync(folder) && !process.env["CI"])(
    `${suite}: the failing cases are those of known-issues.json`,
    async () => {
      const report = runSuite(suite, await readCases({ suite, folder }));
      const { unlisted, passing } = surprises(report, readKnownIssues(suite));
      expect(unlisted.map(({ id, reason }) => `${id}: ${reason}`)).toEqual([]);
      expect(passing, "take them off: npm run conformance:rego -- --write-known").toEqual([]);
    },
    180_000,
  );
}
