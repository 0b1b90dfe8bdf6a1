/** `# METADATA` blocks: the YAML in the comment lines that follow, for the package or rule behind them. */
import type { Diagnostic, Location } from "@regomesh/base";
import { DEPTH_MAX, findTooNested, readYaml } from "@regomesh/policy-runtime/yaml";
import { isMap, isScalar, parseDocument } from "yaml";
import { findFieldFault } from "./annotation-fields.ts";
import type { Annotation, Comment, Import, PackageClause, Rule } from "./ast.ts";
import { makeParseError } from "./cursor.ts";

/** A block as long as this is no description of a rule. */
const BLOCK_LINES_MAX = 2000;

type Block = { readonly at: Location; readonly text: string };

export type AnnotatedModule = {
  readonly comments: readonly Comment[];
  readonly package: PackageClause;
  readonly imports: readonly Import[];
  readonly rules: readonly Rule[];
};

export function parseAnnotations(module: AnnotatedModule): {
  readonly annotations: readonly Annotation[];
  readonly diagnostics: readonly Diagnostic[];
} {
  const annotations: Annotation[] = [];
  const diagnostics: Diagnostic[] = [];
  for (const block of findBlocks(module.comments)) {
    const parsed = parseBlock(block);
    if ("message" in parsed) {
      diagnostics.push(parsed);
      continue;
    }
    const { fields } = parsed;
    const target = findTarget(block, module);
    const scope = toScope(fields, target);
    const fault = findScopeFault(scope, fields, target);
    if (fault !== undefined) diagnostics.push(makeParseError(block.at, fault));
    else {
      const rule = target.kind === "rule" ? target.index : undefined;
      annotations.push({ at: block.at, scope: scope as Annotation["scope"], value: fields, rule });
    }
  }
  return { annotations, diagnostics };
}

/** What stands behind a block. */
type Target = { readonly kind: "rule"; readonly index: number } | { readonly kind: "package" | "import" | "nothing" };

function findTarget(block: Block, module: AnnotatedModule): Target {
  const { end } = block.at.span;
  if (end <= module.package.at.span.start) return { kind: "package" };
  const isBehind = ({ at }: { readonly at: Location }): boolean => at.span.start >= end;
  const index = module.rules.findIndex(isBehind);
  const next = module.imports.find(isBehind);
  const rule = module.rules[index];
  if (next !== undefined && (rule === undefined || next.at.span.start < rule.at.span.start)) return { kind: "import" };
  return rule === undefined ? { kind: "nothing" } : { kind: "rule", index };
}

/** An entrypoint stands for the whole document, unless the block says otherwise. */
function toScope(fields: Readonly<Record<string, unknown>>, { kind }: Target): string {
  const { scope } = fields;
  if (scope !== undefined && scope !== null) return String(scope);
  if (kind === "rule") return fields["entrypoint"] === true ? "document" : "rule";
  return kind === "nothing" ? "" : kind;
}

function findScopeFault(
  scope: string,
  fields: Readonly<Record<string, unknown>>,
  { kind }: Target,
): string | undefined {
  const wanted = Object.hasOwn(WANTED, scope) ? WANTED[scope] : undefined;
  if (wanted === undefined) {
    return `invalid annotation scope '${scope}'. Use one of 'rule', 'document', 'package', or 'subpackages'`;
  }
  if (kind !== wanted) {
    return `annotation scope '${scope}' must be applied to ${wanted}${kind === "nothing" ? "" : ` (have ${kind})`}`;
  }
  if (fields["entrypoint"] !== true || scope === "document" || scope === "package") return undefined;
  return `annotation entrypoint applied to non-document or package scope '${scope}'`;
}

/** What each scope is said of. */
const WANTED: Readonly<Record<string, "rule" | "package">> = {
  rule: "rule",
  document: "rule",
  package: "package",
  subpackages: "package",
};

function findBlocks(comments: readonly Comment[]): readonly Block[] {
  const blocks: Block[] = [];
  for (let i = 0; i < comments.length; i++) {
    const first = comments[i] as Comment;
    if (!isMetadata(first)) continue;
    const lines: string[] = [];
    let last = first;
    for (let next = comments[i + 1]; next !== undefined && lines.length < BLOCK_LINES_MAX; next = comments[i + 1]) {
      // Another block begins where it says so.
      if (!isNextLine(last, next) || isMetadata(next)) break;
      last = next;
      lines.push(next.text.replace(/^ /, ""));
      i++;
    }
    const { source, span } = first.at;
    blocks.push({ at: { source, span: { start: span.start, end: last.at.span.end } }, text: `${lines.join("\n")}\n` });
  }
  return blocks;
}

/** Only what begins in the first column, as in OPA. */
function isMetadata({ at, text }: Comment): boolean {
  return isFirst(at) && text.trim().startsWith("METADATA");
}

function isFirst({ source, span }: Location): boolean {
  return span.start === 0 || source.text[span.start - 1] === "\n";
}

function isNextLine(before: Comment, after: Comment): boolean {
  const between = before.at.source.text.slice(before.at.span.end, after.at.span.start);
  return /^\r?\n$/.test(between);
}

function parseBlock(block: Block): Diagnostic | { readonly fields: Readonly<Record<string, unknown>> } {
  const tooNested = findTooNested(block.text);
  if (tooNested !== undefined) {
    const message = `yaml: nested deeper than ${DEPTH_MAX} levels`;
    return makeParseError(placeIn(block, tooNested), message, "keep what is so deep as data");
  }
  const document = parseDocument(block.text, { version: "1.2", prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) {
    return makeParseError(
      placeIn(block, error.pos[0]),
      `yaml: ${error.message.split("\n")[0]}`,
      "the comment block behind METADATA is YAML",
    );
  }
  if (block.text.trim() === "") return makeParseError(block.at, "expected METADATA block, found whitespace");
  // The fields as OPA's one reader of YAML has them, numbers of any size exact; the document is for places.
  const read = readYaml(block.text);
  const value = "value" in read ? read.value : undefined;
  const { contents } = document;
  if (typeof value !== "object" || value === null || Array.isArray(value) || !isMap(contents)) {
    const example = "for example: title: Who may read orders";
    return makeParseError(placeIn(block, 0), "expected a METADATA block of fields", example);
  }
  const fields = withTimes(withFlag(value as Record<string, unknown>), block.text);
  const fault = findFieldFault(fields);
  if (fault === undefined) return { fields };
  const pair = contents.items.find(({ key }) => isScalar(key) && key.value === fault.field);
  const at = pair !== undefined && isScalar(pair.key) ? placeIn(block, pair.key.range?.[0] ?? 0) : block.at;
  return makeParseError(at, fault.message);
}

/** A flag may be said in the words of YAML 1.1. */
function withFlag(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { entrypoint } = fields;
  if (typeof entrypoint !== "string") return fields;
  if (YES.test(entrypoint)) return { ...fields, entrypoint: true };
  return NO.test(entrypoint) ? { ...fields, entrypoint: false } : fields;
}

const YES = /^(?:y|Y|yes|Yes|YES|on|On|ON)$/;
const NO = /^(?:n|N|no|No|NO|off|Off|OFF)$/;

/** In what may be anything a date is a time, as RFC 3339 has it; a text's own field keeps what is written. */
function withTimes(fields: Readonly<Record<string, unknown>>, text: string): Readonly<Record<string, unknown>> {
  if (!/\d{4}-\d/.test(text)) return fields;
  const read = readYaml(text, { dates: "times" });
  if (!("value" in read)) return fields;
  const timed = read.value as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, OPEN.has(name) ? timed[name] : field]),
  );
}

const OPEN: ReadonlySet<string> = new Set(["custom", "labels"]);

/** The line of the source that holds a place in the block's YAML. */
function placeIn({ at, text }: Block, offset: number): Location {
  // What ends too early is at fault in its last line.
  const line = text.slice(0, Math.min(offset, text.length - 1)).split("\n").length;
  let { start } = at.span;
  for (let i = 0; i < line; i++) start = at.source.text.indexOf("\n", start) + 1;
  start += /^[ \t]*/.exec(at.source.text.slice(start, at.span.end))?.[0].length ?? 0;
  const end = at.source.text.indexOf("\n", start);
  return { source: at.source, span: { start, end: end < 0 ? at.span.end : Math.min(end, at.span.end) } };
}
