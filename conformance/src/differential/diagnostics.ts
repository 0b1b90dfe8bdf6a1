/** `npm run conformance:diagnostics`: programs that do not compile, and what the real OPA says of each beside what we do. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { toDiagnosticRecord } from "@regomesh/base";
import { checkUnit } from "@regomesh/policy-compiler";
import { differences } from "./compare.ts";
import { type OpaFailure, openOpa } from "./opa.ts";

type Answer = { readonly modules: readonly string[]; readonly strict?: true };

const ANSWERS = join(import.meta.dirname, "../../../policy-compiler/test/answers-of-check.json");

export const USAGE = `Compares what OPA says of programs that do not compile with what we say: codes and rows, and the messages.

usage: npm run conformance:diagnostics -- [--opa PATH] [--verbose]
  --opa PATH     the opa whose version is compared with (default: opa on the path)
  -v, --verbose  each program of which something else is said, and each message in other words
Needs Go: a batch evaluator is built from OPA's module in a temporary folder.
exit codes: 0 codes and rows are alike in all, 1 not in some, 64 wrong usage`;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { opa: { type: "string", default: "opa" }, verbose: { type: "boolean", short: "v", default: false } },
  });
  const answers = JSON.parse(readFileSync(ANSWERS, "utf8")) as readonly Answer[];
  using opa = openOpa(values.opa);
  const counts = { programs: 0, refused: 0, alike: 0, messages: 0, same: 0, more: 0, other: 0 };
  for (const { modules: texts, strict = false } of answers) {
    counts.programs++;
    const modules = texts.map((text, i) => ({ name: `test-${i}.rego`, text }));
    const named = Object.fromEntries(modules.map(({ name, text }) => [name, text]));
    const { errors: theirs = [] } = await opa.ask({ modules: named, data: "{}", inputs: [], entrypoints: [], strict });
    if (theirs.length === 0) continue;
    counts.refused++;
    const found = checkUnit({ name: "", modules, data: {} }, { strict });
    const ours = found.filter(({ severity }) => severity === "error").map(toDiagnosticRecord);
    const program = { seed: 0, modules, data: "{}", inputs: [], entrypoints: [] };
    const last = Math.max(...theirs.map(({ row = 0 }) => row));
    // Of what does not parse OPA says no more than the first that it meets.
    const isParsed = theirs.some(({ code }) => code !== "rego_parse_error");
    const compared = isParsed ? ours : ours.filter(({ row }) => row <= last);
    const isAlike = differences(program, { errors: theirs }, { errors: compared }).length === 0;
    if (isAlike) counts.alike++;
    else if (values.verbose) console.log(`${texts.join("\n")}\n  opa:  ${show(theirs)}\n  ours: ${show(ours)}`);
    for (const { code, row, message } of theirs) {
      counts.messages++;
      const own = ours.filter((each) => each.code === code && each.row === row).map((each) => each.message);
      if (own.includes(message)) counts.same++;
      else if (own.some((each) => each.startsWith(message))) counts.more++;
      else {
        counts.other++;
        if (values.verbose && own.length > 0) console.log(`  ${message}\n  ${own.join("\n  ")}`);
      }
    }
  }
  const { programs, refused, alike, messages, same, more, other } = counts;
  console.log(`OPA ${opa.version}: ${programs} programs, ${refused} do not compile; codes and rows alike in ${alike}`);
  console.log(`${messages} messages: ${same} word for word, ${more} begin so and say more, ${other} in other words`);
  return alike === refused ? 0 : 1;
}

function show(failures: readonly OpaFailure[]): string {
  return failures.map(({ code, row, message }) => `${row}: ${code}: ${message}`).join(" | ");
}
