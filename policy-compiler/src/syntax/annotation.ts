/** `# METADATA` blocks: the YAML in the comment lines that follow, for the package or rule behind them. */
import type { Diagnostic, Location } from "@regomesh/base";
import { parseDocument } from "yaml";
import type { Annotation, Comment, PackageClause, Rule } from "./ast.ts";
import { makeParseError } from "./cursor.ts";
import { readSchemaUses } from "./schema-annotation.ts";

const SCOPES = ["package", "subpackages", "document", "rule"] as const;
/** A block as long as this is no description of a rule. */
const BLOCK_LINES_MAX = 2000;

type Block = { readonly at: Location; readonly text: string };

export function parseAnnotations(module: {
  readonly comments: readonly Comment[];
  readonly package: PackageClause;
  readonly rules: readonly Rule[];
}): { readonly annotations: readonly Annotation[]; readonly diagnostics: readonly Diagnostic[] } {
  const annotations: Annotation[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const block of findBlocks(module.comments)) {
    const value = parseBlock(block);
    if ("message" in value) {
      diagnostics.push(value);
      continue;
    }
    const isOfPackage = block.at.span.end <= module.package.at.span.start;
    const rule = isOfPackage ? -1 : module.rules.findIndex((rule) => rule.at.span.start >= block.at.span.end);
    if (!isOfPackage && rule < 0) continue; // it stands before nothing
    const scope = toScope(value.fields, isOfPackage);
    if (scope === undefined || (isOfPackage && (scope === "rule" || scope === "document"))) {
      diagnostics.push(
        makeParseError(block.at, `annotation scope '${String(value.fields["scope"])}' is not valid here`),
      );
      continue;
    }
    const schemas = readSchemaUses(value.fields["schemas"]);
    if ("fault" in schemas) {
      diagnostics.push(makeParseError(block.at, schemas.fault, "for example: - input.user: schema.user"));
      continue;
    }
    annotations.push({ at: block.at, scope, value: value.fields, rule: isOfPackage ? undefined : rule });
  }
  return { annotations, diagnostics };
}

function findBlocks(comments: readonly Comment[]): readonly Block[] {
  const blocks: Block[] = [];
  for (let i = 0; i < comments.length; i++) {
    const first = comments[i] as Comment;
    if (first.text.trim() !== "METADATA") continue;
    const lines: string[] = [];
    let last = first;
    while (i + 1 < comments.length && isNextLine(last, comments[i + 1] as Comment) && lines.length < BLOCK_LINES_MAX) {
      last = comments[++i] as Comment;
      lines.push(last.text);
    }
    const { source, span } = first.at;
    blocks.push({ at: { source, span: { start: span.start, end: last.at.span.end } }, text: lines.join("\n") });
  }
  return blocks;
}

function isNextLine(before: Comment, after: Comment): boolean {
  const between = before.at.source.text.slice(before.at.span.end, after.at.span.start);
  return /^\r?\n[ \t]*$/.test(between);
}

function parseBlock(block: Block): Diagnostic | { readonly fields: Readonly<Record<string, unknown>> } {
  const document = parseDocument(block.text, { version: "1.2", prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    return makeParseError(
      block.at,
      `yaml: ${error.message.split("\n")[0]}`,
      "the comment block behind METADATA is YAML",
    );
  }
  const value: unknown = document.toJS({ maxAliasCount: 100 });
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return makeParseError(block.at, "expected a METADATA block of fields", "for example: title: Who may read orders");
  }
  return { fields: value as Record<string, unknown> };
}

/** An entrypoint stands for the whole document, unless the block says otherwise. */
function toScope(fields: Readonly<Record<string, unknown>>, isOfPackage: boolean): Annotation["scope"] | undefined {
  const { scope } = fields;
  if (scope === undefined) return isOfPackage ? "package" : fields["entrypoint"] === true ? "document" : "rule";
  return SCOPES.find((known) => known === scope);
}
