/**
 * The policy under construction: what all its functions and plans share. Functions are
 * asked for by name and made later, one after the other, so that planning a body never
 * enters another body.
 */
import { type Location, type Position, positionAt } from "@regomesh/base";
import type { BuiltinSignature } from "../builtins/signature.ts";
import type { BuiltinSignatures } from "../builtins/table.ts";
import type { IrBuiltin, IrFunc, IrLocation, IrOperand, IrPlan, IrPolicy, IrRule } from "../ir/policy.ts";
import type { Body, Expr, Rule, Term } from "../resolved/ast.ts";
import type { RuleNode } from "../resolved/rule-tree.ts";
import type { Generations } from "./environment.ts";
import type { Site } from "./site.ts";

/** What the units of one module have in common. */
export type Output = {
  readonly strings: Interned;
  readonly files: Interned;
  readonly marks: IrRule[];
  readonly markIndices: Map<string, number>;
  /** Places of the expressions that are marked, by mark; only where `traced` asks for them. */
  readonly expressions: Map<number, TracedExpression>;
  /** The same of rules: that they held, and that they were tried. */
  readonly rules: Map<number, TracedRule>;
  readonly entered: Map<number, TracedRule>;
  readonly externs: Map<string, IrBuiltin>;
  readonly funcs: Map<string, IrFunc | undefined>;
  readonly plans: IrPlan[];
  readonly pending: PendingFunc[];
  /** How many there are, and the place of the last one that has one. */
  readonly statements: { count: number; place: Site["place"] };
};

export type TracedExpression = { readonly path: string; readonly expr: Expr };
export type TracedRule = { readonly path: string; readonly rule: Rule };

export type Planner = {
  readonly output: Output;
  /** Distinguishes the functions of several units in one module; "" where there is one. */
  readonly prefix: string;
  /** The unit's name, for marks. */
  readonly unit: string;
  readonly tree: RuleNode;
  /** Those of the tree where no rule's value is the answer before all have been looked at. */
  readonly partsOfPartials: ReadonlySet<RuleNode>;
  /** Those of the tree that are called, by the name that calls use. */
  readonly functions: ReadonlyMap<string, RuleNode>;
  readonly builtins: BuiltinSignatures;
  readonly generations: Generations;
  readonly constructs: Constructs;
  /** Rules of which each expression of the body is marked: tests. */
  readonly traced: (path: string) => boolean;
};

/** The constructs that contain each other, joined here because their files must not import in a circle. */
export type Constructs = {
  readonly term: (site: Site, term: Term) => IrOperand;
  readonly body: (site: Site, body: Body) => void;
  readonly unifyOperand: (site: Site, operand: IrOperand, term: Term) => void;
};

export type PendingFunc = { readonly name: string; readonly make: () => IrFunc };

export type Interned = { readonly indices: Map<string, number>; readonly texts: string[] };

/** Statements of one module; what needs more is refused rather than compiled for minutes, and in more than a gigabyte. */
const STATEMENTS_MAX = 2_000_000;
/** What a function takes besides its statements, in statements: a rule that is planned for each of many environments may have hardly any. */
const FUNCTION_STATEMENTS = 12;

/**
 * Environments (sets of names that `with` replaces) that one unit is planned for: rules that
 * are reached through nested modifiers are planned for every combination of them.
 */
export const ENVIRONMENTS_MAX = 2000;

type PlannedPlace = Position & { readonly file: string };

/** What no plan can be made of; `at` is where, if it is a place. */
export class PlanFault extends Error {
  override readonly name = "PlanFault";
  readonly code: "policy_too_large" | "rego_unsafe_var_error" | "rego_type_error";
  readonly at: Location | undefined;
  /** Where there is no `at`: as a statement has it. */
  readonly place: PlannedPlace | undefined;
  readonly hint: string;

  constructor(
    code: PlanFault["code"],
    message: string,
    options: { readonly at?: Location; readonly place?: PlannedPlace; readonly hint: string },
  ) {
    super(message);
    this.code = code;
    this.at = options.at;
    this.place = options.place;
    this.hint = options.hint;
  }
}

export function makeOutput(): Output {
  return {
    strings: makeInterned(),
    files: makeInterned(),
    marks: [],
    markIndices: new Map(),
    expressions: new Map(),
    rules: new Map(),
    entered: new Map(),
    externs: new Map(),
    funcs: new Map(),
    plans: [],
    pending: [],
    statements: { count: 0, place: {} },
  };
}

/** The policy of all that was planned and asked for. */
export function finishPolicy(output: Output): IrPolicy {
  for (let next = output.pending.pop(); next !== undefined; next = output.pending.pop()) {
    output.funcs.set(next.name, next.make());
  }
  return {
    static: {
      strings: output.strings.texts.map((value) => ({ value })),
      builtin_funcs: [...output.externs.values()],
      files: output.files.texts.map((value) => ({ value })),
      rules: output.marks,
    },
    plans: { plans: output.plans },
    funcs: { funcs: [...output.funcs.values()].filter((func) => func !== undefined) },
  };
}

function makeInterned(): Interned {
  return { indices: new Map(), texts: [] };
}

export function intern(table: Interned, text: string): number {
  const known = table.indices.get(text);
  if (known !== undefined) return known;
  const index = table.texts.push(text) - 1;
  table.indices.set(text, index);
  return index;
}

/** Asks for the function of this name; `make` runs once, later, if nobody asked before. */
export function requireFunc(site: Site, name: string, make: () => IrFunc): string {
  const { output } = site.planner;
  if (!output.funcs.has(name)) {
    countStatements(site, FUNCTION_STATEMENTS);
    output.funcs.set(name, undefined);
    output.pending.push({ name, make });
  }
  return name;
}

/** Throws PlanFault where the module has more than it may. */
export function countStatements({ planner, place }: Site, count: number): void {
  const { statements, files } = planner.output;
  if (place.file !== undefined) statements.place = place;
  statements.count += count;
  if (statements.count <= STATEMENTS_MAX) return;
  const { file = -1, row = 0, col = 0 } = statements.place;
  const name = files.texts[file];
  throw new PlanFault("policy_too_large", `the policy needs more than ${STATEMENTS_MAX} steps once planned`, {
    ...(name === undefined ? {} : { place: { file: name, row, column: col } }),
    hint: "split the unit, or combine with modifiers in fewer ways",
  });
}

/** The built-in's signature, noted as one that the module needs. */
export function requireBuiltin(planner: Planner, name: string): BuiltinSignature {
  const signature = planner.builtins.resolve(name);
  if (signature === undefined) throw new Error(`the planner was given a call of ${name}, which is no built-in`);
  const { externs } = planner.output;
  if (!externs.has(name)) externs.set(name, signature.isVoid ? { name, decl: {} } : { name });
  return signature;
}

export function irPlace(output: Output, at: Location): IrLocation {
  const { row, column } = positionAt(at.source, at.span.start);
  return { file: intern(output.files, at.source.name), row, col: column };
}

/** The bit of a rule body that can fire; one body has one bit, however often it is planned. */
export function markOf({ output, unit }: Planner, path: string, at: Location): number {
  const { row, column } = positionAt(at.source, at.span.start);
  const file = at.source.name;
  const key = JSON.stringify([unit, path, file, row, column]);
  const known = output.markIndices.get(key);
  if (known !== undefined) return known;
  const index = output.marks.push({ unit, path, file, row, column }) - 1;
  output.markIndices.set(key, index);
  return index;
}
