/** `regomesh docs KIND`: the reference of a resource, where one is being written. */
import { parseArgs } from "node:util";
import { KINDS, type Kind, nearest, printReference, printReferenceText } from "@regomesh/resources";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";

const KNOWN = Object.keys(KINDS) as readonly Kind[];
/** Wider text is hard to read. */
const COLUMNS_MAX = 110;

const help = `
Usage: regomesh docs [KIND]

Prints what a kind of resource is, an example, and every field with its type, its default and
what it means: the same as docs/resources.md. Without a kind, the kinds. In a pipe: Markdown.

Example: regomesh docs PolicyBinding
`;

export const docs: Command = {
  name: "docs",
  summary: "print the reference of a kind of resource",
  help,
  flags: {},
  exits: { 0: "printed", 1: "there is no such kind" },
  run,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
  if (positionals.length > 1) throw new UsageError("takes one kind");
  const [name] = positionals;
  if (name === undefined) {
    io.out(`${KNOWN.join("\n")}\n`);
    return EXIT.yes;
  }
  // As kubectl takes them: any case, one or many.
  const kind = KNOWN.find((each) => [each, `${each}s`, each.replace(/y$/, "ies")].some((form) => isSame(form, name)));
  if (kind === undefined) {
    const near = nearest(name, KNOWN);
    io.err(
      `regomesh docs: no kind ${name}${near === undefined ? "" : `; did you mean ${near}?`} (kinds: ${KNOWN.join(", ")})\n`,
    );
    return EXIT.no;
  }
  io.out(io.isTerminal ? printReferenceText(kind, Math.min(io.columns, COLUMNS_MAX)) : printReference(kind));
  return EXIT.yes;
}

const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
