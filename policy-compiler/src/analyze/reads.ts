/**
 * What a body reads of input and base documents: a reference becomes a variable that an equation binds. References are
 * the same read where they are once the constants of their variables stand in them.
 */
import type { Body, Expr, Ref, Term, What } from "../resolved/ast.ts";
import { isGround, isScalar } from "../syntax/ground.ts";
import { printTermPath } from "../syntax/print-term.ts";
import { freshVar, type Generator } from "./context.ts";
import type { Asked } from "./index-levels.ts";
import { type Failing, isVirtual } from "./may-fail.ts";
import { mapSubterms } from "./tree.ts";

/** What variables of a body stand for. */
export type Named = {
  /** Variables that the body gives a constant: in brackets they are as good as that. */
  readonly constants: ReadonlyMap<string, Term>;
  /** What a variable is another name of. */
  readonly aliases: Map<string, string>;
  /** What the variables of reads were read from. */
  readonly sources: Map<string, Term>;
};

/** What has been read so far, and by which variable. */
export type Reader = Named &
  Pick<Failing, "root"> & {
    readonly generator: Generator;
    /** By the text of the reference. */
    readonly variables: Map<string, Term>;
    readonly reads: Expr[];
    /** Parameters, and variables that stand for a read. */
    readonly known: Set<string>;
    /** Texts of references that are left where they are. */
    readonly unasked: ReadonlySet<string>;
    /** Each read, and what it is compared with, in the body's order. */
    readonly asked: Asked[];
  };

export function constantsOf(body: Body): ReadonlyMap<string, Term> {
  const constants = new Map<string, Term>();
  for (const expr of body) noteConstant(constants, expr);
  return constants;
}

/** What the line gives a constant, those of the lines before it known. */
export function noteConstant(constants: Map<string, Term>, { what, isNegated, with: modifiers }: Expr): void {
  if (what.kind !== "unify" || isNegated || modifiers.length > 0) return;
  const note = (left: Term, right: Term): boolean => {
    const value = right.kind === "var" ? constants.get(right.name) : right;
    if (left.kind !== "var" || value === undefined || !isGround(value)) return false;
    constants.set(left.name, value);
    return true;
  };
  if (!note(what.left, what.right)) note(what.right, what.left);
}

/**
 * The constant that a part of a reference's path has. None that is a number where base documents may be read: written down it
 * is asked for as a text there, which a variable's number is not.
 */
export function constantOfPart(named: Named, { head }: Ref, part: Term): Term | undefined {
  const value = part.kind === "var" ? named.constants.get(part.name) : undefined;
  if (value === undefined || !isScalar(value)) return undefined;
  if (value.kind !== "number") return value;
  const source = sourceOf(named, head) ?? head;
  const root = source.kind === "ref" ? source.head : source;
  return root.kind === "var" && root.name === "input" ? value : undefined;
}

/** What a reference's own variable is a name of. */
function sourceOf({ aliases, sources }: Named, head: Term): Term | undefined {
  return head.kind === "var" ? sources.get(aliases.get(head.name) ?? head.name) : undefined;
}

/** A reference with the constants that its variables have in brackets, below what its own variable is a name of. */
export function resolveRef(named: Named, term: Term): Term {
  if (term.kind !== "ref") return term;
  const path =
    named.constants.size === 0 ? term.path : term.path.map((part) => constantOfPart(named, term, part) ?? part);
  const isSame = path.every((part, i) => part === term.path[i]);
  const source = sourceOf(named, term.head);
  if (source?.kind === "ref") return { ...term, head: source.head, path: [...source.path, ...path] };
  if (source !== undefined) return { ...term, head: source, path };
  return isSame ? term : { ...term, path };
}

/** A text for a reference of constants into input or a base document; undefined for any other term. */
export function readKey(reader: Named & Pick<Reader, "root" | "unasked">, given: Term): string | undefined {
  const key = keyOf(reader, resolveRef(reader, given));
  return key === undefined || reader.unasked.has(key) ? undefined : key;
}

function keyOf({ root }: Pick<Reader, "root">, term: Term): string | undefined {
  if (term.kind === "var") return term.name === "input" ? "input" : undefined;
  if (term.kind !== "ref" || !isRootVar(term.head) || !term.path.every(isScalar)) return undefined;
  const isInput = term.head.kind === "var" && term.head.name === "input";
  if (!isInput && isVirtual(root, term.path)) return undefined;
  return `${isInput ? "input" : "data"}${printTermPath(term.path)}`;
}

export function replaceReads(reader: Reader, term: Term): Term {
  const key = readKey(reader, term);
  if (key === undefined) return replaceParts(reader, term);
  const source = resolveRef(reader, term);
  noteRead(reader, key, source);
  const before = reader.variables.get(key);
  if (before?.kind === "var") return { ...before, at: term.at, insteadOf: term };
  const variable = freshVar(reader.generator, term.at);
  reader.variables.set(key, variable);
  reader.known.add(variable.name);
  reader.sources.set(variable.name, source);
  const what: What = { kind: "unify", at: term.at, left: variable, right: source };
  reader.reads.push({ kind: "expr", at: term.at, isNegated: false, what, with: [] });
  return { ...variable, insteadOf: term };
}

/** `source` with what its names stand for: the index knows the place of its root. */
export function noteRead({ asked }: Pick<Reader, "asked">, key: string, source: Term): void {
  asked.push({ key, at: source.kind === "ref" ? source.head.at : source.at, values: [] });
}

/** In the parts of a term, which is the same one where nothing is read; the root of a reference is no read of its own. */
function replaceParts(reader: Reader, term: Term): Term {
  const isRef = term.kind === "ref";
  let isSame = true;
  const mapped = mapSubterms(term, (part) => {
    const other = isRef && isRootVar(part) ? part : replaceReads(reader, part);
    if (other !== part) isSame = false;
    return other;
  });
  return isSame ? term : mapped;
}

/** A reference beside another one, or beside a value that is not flat, is none of the index's; what it reads below is. */
export function replaceSide(reader: Reader, side: Term, other: Term): Term {
  const isRef = side.kind === "ref";
  return isRef && !isFlat(other) ? replaceParts(reader, side) : replaceReads(reader, side);
}

export function isFlat(term: Term): boolean {
  if (term.kind === "array") return term.items.every((item) => isScalar(item) || FLAT_KINDS.has(item.kind));
  return isScalar(term) || term.kind === "var" || term.kind === "call-term";
}

const FLAT_KINDS: ReadonlySet<Term["kind"]> = new Set(["var", "ref", "call-term"]);

export function isRootVar(term: Term): boolean {
  return term.kind === "var" && (term.name === "input" || term.name === "data");
}
