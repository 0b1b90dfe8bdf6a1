/** `npm run conformance:http`: the pure suites, then the wire through a real proxy process. */
import { parseArgs } from "node:util";
import { countOf, patternOf } from "../command-line.ts";
import { failuresOf, printReports, type SuiteReport } from "./report.ts";
import { runPureSuites } from "./suites.ts";
import { defaultVectors } from "./vectors.ts";
import { AS_DOCUMENTED, WHILE_BUSY } from "./wire/drive.ts";
import { runMutants, runWireSuites } from "./wire/run.ts";

export const USAGE = `Runs the HTTP vectors: codec, paths and identities as pure code, the rest through a real proxy.

usage: npm run conformance:http -- [--vectors DIR] [--only RE] [--pure] [--verbose]
       npm run conformance:http -- --mutants N [--seed N]
  --vectors DIR  folder of the records (default ../shared/http)
  --only RE      records whose id or name matches
  --pure         no proxy
  --mutants N    in place of them so many changed ones, judged by what must hold of everything
  --seed N       of those (default 1)
  --verbose      each record that differs from its oracle for a reason
example: npm run conformance:http -- --only chunk
exit codes: 0 all pass but known issues, 1 some fail, 64 wrong usage`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      vectors: { type: "string", default: defaultVectors() },
      only: { type: "string", default: "" },
      pure: { type: "boolean", default: false },
      mutants: { type: "string" },
      seed: { type: "string", default: "1" },
      verbose: { type: "boolean", default: false },
    },
  });
  const selection = { folder: values.vectors, only: patternOf(values.only, "only") };
  const reports: SuiteReport[] = [];
  if (values.mutants === undefined) {
    reports.push(...(await runPureSuites(selection)));
    if (!values.pure) reports.push(...(await runWireSuites(selection, AS_DOCUMENTED)));
  } else {
    const asked = { count: countOf(values.mutants, "mutants"), seed: countOf(values.seed, "seed") };
    reports.push(await runMutants(selection, WHILE_BUSY, asked));
  }
  if (reports.length === 0) {
    console.error(`conformance:http: no records in ${values.vectors}`);
    return 64;
  }
  console.log(printReports(reports, { verbose: values.verbose }));
  return reports.some((report) => failuresOf(report).length > 0) ? 1 : 0;
}
