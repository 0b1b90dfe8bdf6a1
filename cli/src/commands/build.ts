/** `regomesh build`: a unit's policies as one WebAssembly module, for any OPA SDK or for a look. */
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { hasErrors } from "@regomesh/base";
import { compile } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { CAPABILITIES, ENTRYPOINTS, type Role } from "@regomesh/policy-runtime";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { LANGUAGE_HELP, languageFlags, readLanguage } from "../files/capabilities.ts";
import { IGNORE_HELP, loadFlags, parseIgnore } from "../files/load-flags.ts";
import { BUILTINS_HELP, builtinsFlag, loadOwnBuiltins } from "../files/own-builtins.ts";
import { readPrograms } from "../files/programs.ts";
import { parseFormat } from "../flags.ts";
import { countOf, printDiagnostics } from "../report.ts";

const help = `
Usage: regomesh build -e ENTRYPOINT [flags] DIRECTORY…

Compiles the unit in DIRECTORY to one WebAssembly module with OPA's ABI 1.3 and Regomesh's
fast path: policy.wasm, and data.json beside it. In a repository without a PolicyBinding all
that the directories hold is the unit, as opa build has it.

  -e, --entrypoint PATH  rule to ask, such as mesh/authz/allow (repeatable)
  --out DIR              where to write (default: the current directory); -o, --output are the
                         same, as in opa build
  -b, --bundle           each directory is a bundle's root, as it always is, and held to the roots
                         of its .manifest
  -t, --target wasm      what is written, which is nothing else${IGNORE_HELP}
${BUILTINS_HELP.slice(1)}
${LANGUAGE_HELP.slice(1)}
  --role ROLE            where the module will run: inbound, outbound, edge, cli or controller;
                         what is not offered there is refused. Without it entrypoints of the
                         mesh run where the mesh asks them, and others anywhere
  -f, --format FORMAT    of diagnostics and of the summary: pretty (default) or json

Example: regomesh build -e mesh/authz/allow --out /tmp/orders examples/authz
`;

const flags = {
  ...builtinsFlag,
  entrypoint: { type: "string", short: "e", multiple: true },
  out: { type: "string" },
  output: { type: "string", short: "o" },
  ...loadFlags,
  target: { type: "string", short: "t" },
  ...languageFlags,
  role: { type: "string" },
  format: { type: "string", short: "f" },
} as const;

export const build: Command = {
  name: "build",
  summary: "compile policies to a WebAssembly module",
  help,
  flags,
  exits: { 0: "built", 1: "the policies do not compile" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: flags,
  });
  const format = parseFormat(values.format);
  if (values.target !== undefined && values.target !== "wasm") {
    throw new UsageError(`--target is wasm, not ${values.target}: opa build writes bundles of Rego and plans`);
  }
  if (values.out !== undefined && values.output !== undefined)
    throw new UsageError("takes --out or --output, not both");
  const out = values.out ?? values.output ?? ".";
  if (/\.(tar\.gz|tgz)$/.test(out)) {
    throw new UsageError(`writes policy.wasm and data.json into a directory, and no bundle: ${out} is a file's name`);
  }
  const names = values.entrypoint ?? [];
  if (positionals.length === 0) throw new UsageError("needs the directory that is the unit");
  if (names.length === 0) throw new UsageError("needs an entrypoint: -e mesh/authz/allow");
  const said = await readLanguage(values, io.cwd);
  const { programs: units } = await readPrograms(positionals, {
    ...{ cwd: io.cwd, said, data: "bundle" as const, isBundle: values.bundle },
    ...{ isIgnored: parseIgnore(values.ignore), refusesOthers: true },
  });
  const [found] = units;
  if (found === undefined) throw new UsageError(`${positionals.join(" and ")} holds no .rego file`);
  if (units.length > 1) {
    const all = units.map(({ unit }) => unit.name).join(", ");
    throw new UsageError(`${positionals.join(" and ")} holds ${units.length} units (${all}); name one`);
  }
  const { unit, diagnostics: faults } = found;
  const entrypoints = names.map((name) => ({
    unit: unit.name,
    name: name.replace(/^data\./, "").replaceAll(".", "/"),
  }));
  const role = parseRole(values.role) ?? roleOf(entrypoints.map(({ name }) => name));
  const { signatures } = await loadOwnBuiltins(values.builtins, io.cwd);
  const asked = { units: [unit], entrypoints, runtime: await loadRuntime(), builtins: said.restrict(signatures) };
  const compiled = hasErrors(faults)
    ? { diagnostics: faults }
    : compile(role === undefined ? asked : { ...asked, role });
  io.err(printDiagnostics(compiled.diagnostics, format));
  if (!("module" in compiled) || compiled.module === undefined) return EXIT.no;
  const { wasm, data, meta } = compiled.module;
  const output = resolve(io.cwd, out);
  await mkdir(output, { recursive: true });
  await writeFile(join(output, "policy.wasm"), wasm);
  await writeFile(join(output, "data.json"), `${data}\n`);
  if (format === "json")
    io.out(`${JSON.stringify({ wasmBytes: wasm.length, dataBytes: data.length, meta }, null, 2)}\n`);
  else
    io.out(
      `${join(output, "policy.wasm")}  ${(wasm.length / 1024).toFixed(1)} KiB, ${countOf(meta.rules.length, "rule")}, ${countOf(meta.entrypoints.length, "entrypoint")}\n`,
    );
  return EXIT.yes;
}

function parseRole(text: string | undefined): Role | undefined {
  if (text === undefined) return undefined;
  const roles = Object.keys(CAPABILITIES) as Role[];
  const role = roles.find((each) => each === text);
  if (role === undefined) throw new UsageError(`--role must be one of ${roles.join(", ")}, not ${text}`);
  return role;
}

/** Where the mesh asks the first of the entrypoints that it knows. */
function roleOf(names: readonly string[]): Role | undefined {
  return ENTRYPOINTS.find((entrypoint) => entrypoint.names.some((name) => names.includes(name)))?.direction;
}
