/** docs/built-ins.md, whole: written by `npm run generate`, held by a test. */
import { HOST_BUILTINS } from "@regomesh/policy-runtime";
import type { BuiltinSignature } from "../builtins/signature.ts";
import { BUILTINS } from "../builtins/table.ts";
import { hostNames } from "../emit/runtime-calls.ts";
import { whyNot } from "../role/check-role.ts";
import { printType } from "../types/print-type.ts";

const INTRODUCTION = `# Built-ins

<!-- Written by npm run generate from the tables of the compiler and of roles; a test holds it to them. -->

Every built-in of OPA 1.22, and where a policy may call it. Sidecars and edge gateways have all but
those of the first table: \`regomesh check\` refuses a policy that one of them would run and that calls
one of these, with its line. The command line (\`eval\`, \`test\`, \`build --role cli\`) and the tests that the
controller runs have all of them. What a built-in means is what
[OPA's reference](https://www.openpolicyagent.org/docs/policy-reference#built-in-functions) says, errors included.

The controller runs tests without a network: there \`http.send\` and \`net.lookup_ip_addr\` reach no
host, so give a test what it would fetch by \`with http.send as …\`. Built-ins of your own:
[From Envoy and OPA](from-envoy-and-opa.md). \`regomesh capabilities\` prints the same list for tools,
and OPA's \`internal.\` built-ins, which only compiled policies call, beside it.
`;

const NOTES = `Types are written as OPA's messages have them; no \`->\`: the call has no value. _deprecated_: refused in
Rego v1, in v0 as before. _varies_: another evaluation may give another value; in one decision it is
one. _host_: done by the host, whole or in part, at the cost of a call; all others are in the module.
`;

const OF_HOST = new Set(HOST_BUILTINS.flatMap(({ names }) => names));

/** One group for each prefix; those without one first. */
export function printBuiltins(): string {
  const names = BUILTINS.names.filter((name) => !name.startsWith("internal.")).toSorted();
  const prefixes = [...new Set(names.map(prefixOf))].toSorted();
  return [
    INTRODUCTION,
    "## What proxies do not have\n",
    ...table(["built-in", "why, and what instead"], names.flatMap(withheldRow)),
    "",
    "## All\n",
    NOTES,
    ...prefixes.flatMap((prefix) => [
      `### ${prefix === "" ? "Without a prefix" : `\`${prefix}\``}\n`,
      ...table(
        ["built-in", "proxies", ""],
        names.filter((name) => prefixOf(name) === prefix).map((name) => builtinRow(BUILTINS.resolve(name))),
      ),
      "",
    ]),
  ]
    .join("\n")
    .replace(/\n+$/, "\n");
}

function prefixOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf(".")));
}

function withheldRow(name: string): readonly (readonly string[])[] {
  const why = whyNot("inbound", name);
  return why === undefined ? [] : [[`\`${name}\``, why]];
}

function builtinRow(signature: BuiltinSignature | undefined): readonly string[] {
  if (signature === undefined) return [];
  const { name, args, result, isVariadic, isDeprecated, isNondeterministic } = signature;
  const takes = isVariadic ? "…" : args.map(printType).join(", ");
  const gives = result === undefined ? "" : ` -> ${printType(result)}`;
  const marks = [
    ...(isDeprecated ? ["deprecated"] : []),
    ...(isNondeterministic ? ["varies"] : []),
    ...(hostNames(name).some((part) => OF_HOST.has(part)) ? ["host"] : []),
  ];
  return [`\`${name}(${takes})${gives}\``, whyNot("inbound", name) === undefined ? "yes" : "no", marks.join(", ")];
}

/** Markdown, its cells padded as the formatter does. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [head, ...rows].map((cells) => cells.map((cell) => cell.replaceAll("|", "\\|")));
  const widths = head.map((_, at) => Math.max(3, ...all.map((cells) => (cells[at] ?? "").length)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
  const [first = [], ...rest] = all;
  return [line(first), line(widths.map((width) => "-".repeat(width))), ...rest.map(line)];
}
