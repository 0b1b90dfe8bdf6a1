/** `regomesh fmt`: Rego as everyone lays it out. */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { decodeText, hasErrors } from "@regomesh/base";
import { type FormatOptions, formatModule, parseModule, type RegoSource } from "@regomesh/policy-compiler";
import { isModule } from "@regomesh/policy-compiler/units";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { printDiff } from "../files/diff.ts";
import { readFiles } from "../files/read-files.ts";
import { printDiagnostics } from "../report.ts";

const help = `
Usage: regomesh fmt [flags] [PATH …]

Prints Rego files laid out as opa fmt does, directories with all that lies below them; without
a path, standard input.

  -l, --list           print the names of files that would change, and nothing else
  -d, --diff           print what would change
  -w, --write          write the files that change
  --fail               exit 1 where a file would change
  --v0-compatible      the files are Rego v0, and stay it
  --v0-v1              the files become what v0 and v1 both read (import rego.v1); they are v0, with
                       --v1-compatible v1
  --v1-compatible      the files are Rego v1 (as they are without a flag)
  --rego-v1            Rego v0 becomes v1
  --drop-v0-imports    leave out rego.v1 and those of future.keywords that v1 has anyway
  --check-result=false do not read the result again

Example: regomesh fmt -w policies
`;

const flags = {
  list: { type: "boolean", short: "l" },
  diff: { type: "boolean", short: "d" },
  write: { type: "boolean", short: "w" },
  fail: { type: "boolean" },
  "v0-compatible": { type: "boolean" },
  "v0-v1": { type: "boolean" },
  "v1-compatible": { type: "boolean" },
  "rego-v1": { type: "boolean" },
  "drop-v0-imports": { type: "boolean" },
  "check-result": { type: "string" },
} as const;

export const fmt: Command = {
  name: "fmt",
  summary: "lay Rego files out as everyone does",
  help,
  flags,
  exits: { 0: "formatted", 1: "a file does not parse, or would change, with --fail" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: flags });
  if (values.write && values.diff) throw new UsageError("takes --write or --diff, not both");
  const checks = values["check-result"] ?? "true";
  if (checks !== "true" && checks !== "false") throw new UsageError("--check-result is true or false");
  const isV0 = values["v0-compatible"] || values["rego-v1"] || (values["v0-v1"] && !values["v1-compatible"]);
  const target = values["v0-v1"] ? "v0-v1" : values["rego-v1"] ? "v1" : undefined;
  const options: FormatOptions = {
    ...(target === undefined ? {} : { target }),
    dropV0Imports: values["drop-v0-imports"] ?? false,
  };
  const isInput = positionals.length === 0;
  if (isInput && (values.write || values.list)) throw new UsageError("needs files to list or to write");
  const files = isInput
    ? [{ name: "stdin", ...decodeText(readFileSync(0)) }]
    : await readFiles(positionals, io.cwd, { wanted: isModule, staysInside: true });
  let code: number = EXIT.yes;
  for (const file of files) {
    const { name, text } = file;
    const source: RegoSource = { ...file, version: isV0 ? "v0" : "v1" };
    const formatted = format(source, options, checks === "true");
    if (formatted.text === undefined) {
      io.err(formatted.fault);
      code = EXIT.no;
      continue;
    }
    if (formatted.warnings !== "") io.err(formatted.warnings);
    const isChanged = formatted.text !== text;
    if (isChanged && values.fail) code = EXIT.no;
    if (values.list && isChanged) io.out(`${name}\n`);
    else if (values.diff) io.out(printDiff(name, text, formatted.text));
    if (values.write && isChanged) await writeFile(resolve(io.cwd, name), formatted.text);
    if (!values.list && !values.diff && !values.write) io.out(formatted.text);
  }
  return code;
}

type Result =
  | { readonly text: string; readonly warnings: string }
  | { readonly text?: undefined; readonly fault: string };

function format(source: RegoSource, options: FormatOptions, checks: boolean): Result {
  const { text, diagnostics } = formatModule(source, options);
  if (text === undefined) return { fault: printDiagnostics(diagnostics, "pretty") };
  const warnings = diagnostics.length === 0 ? "" : printDiagnostics(diagnostics, "pretty");
  if (!checks) return { text, warnings };
  const again: RegoSource = {
    name: source.name,
    text,
    version: options.target === "v1" ? "v1" : (source.version ?? "v1"),
  };
  const read = parseModule(again);
  if (!hasErrors(read.diagnostics)) return { text, warnings };
  const lines = printDiagnostics(read.diagnostics, "pretty");
  return { fault: `${source.name}: what fmt made of it does not parse, which is a fault of fmt:\n${lines}` };
}
