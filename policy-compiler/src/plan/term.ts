/** Terms as values: an operand, after the statements that make it. */
import type { IrOperand } from "../ir/policy.ts";
import type { Term, Variable } from "../resolved/ast.ts";
import { inInsertionOrder, insertionOrder } from "../resolved/object-order.ts";
import { planCall } from "./call.ts";
import { planCalledRule, planDataRef } from "./document.ts";
import { planPath, termKeys } from "./path.ts";
import { intern, irPlace, PlanFault } from "./planner.ts";
import { isRoot } from "./readiness.ts";
import { append, appendBlock, bool, integer, local, newLocal, planBody, type Site, text } from "./site.ts";
import { resolveVariable } from "./variables.ts";

const SMALL_INTEGER = /^(0|-?[1-9][0-9]{0,8})$/;

export function planTermHere(site: Site, term: Term): IrOperand {
  switch (term.kind) {
    case "null":
      return make(site, (target) => ({ type: "MakeNullStmt", stmt: { target } }));
    case "boolean":
      return bool(term.value);
    case "number":
      return planNumber(site, term.text);
    case "string":
      return text(site, term.value);
    case "var":
      return isRoot(term.name) ? planRoot(site, term.name, []) : planVariable(site, term);
    case "ref":
      if (term.isCalled) return planCalledRule(site, term.path);
      return planRef(isInput(term.head) ? atTerm(site, term) : site, term.head, term.path);
    case "array":
      return planArray(site, term.items);
    case "set":
      return planSet(site, term.items);
    case "object":
      return planObject(site, term.entries);
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return planComprehension(site, term);
    case "call-term":
      return planCall(atTerm(site, term), term.operator.path, term.args);
  }
}

/** Calls and reads of input have places of their own: that is where what a role does not offer is reported. */
function atTerm(site: Site, term: Term): Site {
  return { ...site, place: irPlace(site.planner.output, term.at) };
}

function isInput(head: Term): boolean {
  return head.kind === "var" && head.name === "input";
}

function make(
  site: Site,
  stmt: (target: number) => Parameters<typeof append>[1],
): IrOperand & { readonly value: number } {
  const target = newLocal(site);
  append(site, stmt(target));
  return { type: "local", value: target };
}

function planNumber(site: Site, digits: string): IrOperand {
  if (SMALL_INTEGER.test(digits)) return integer(site, Number(digits));
  const index = intern(site.planner.output.strings, digits);
  return make(site, (target) => ({ type: "MakeNumberRefStmt", stmt: { Index: index, target } }));
}

function planVariable(site: Site, { name, at }: Variable): IrOperand {
  const operand = resolveVariable(site.variables, name);
  if (operand !== undefined) return operand;
  throw new PlanFault("rego_unsafe_var_error", `var ${name.replace(/#\d+$/, "")} is unsafe`, {
    at,
    hint: "bind it by an expression that needs none of what it is to be compared with",
  });
}

function planRef(site: Site, head: Term, path: readonly Term[]): IrOperand {
  if (head.kind === "var" && isRoot(head.name)) return planRoot(site, head.name, path);
  return planPath(site, planTermHere(site, head), termKeys(path));
}

function planRoot(site: Site, name: string, path: readonly Term[]): IrOperand {
  if (name === "data") return path.length === 0 ? copy(site, planDataRef(site, [])) : planDataRef(site, termKeys(path));
  if (path.length > 0) return planPath(site, local(site.input), termKeys(path));
  append(site, { type: "IsDefinedStmt", stmt: { source: site.input } });
  return copy(site, local(site.input));
}

/** The locals of input and data change under `with`; what refers to them keeps their value. */
function copy(site: Site, source: IrOperand): IrOperand {
  return make(site, (target) => ({ type: "AssignVarStmt", stmt: { source, target } }));
}

function planArray(site: Site, items: readonly Term[]): IrOperand {
  const operands = items.map((item) => planTermHere(site, item));
  const array = make(site, (target) => ({ type: "MakeArrayStmt", stmt: { capacity: items.length, target } }));
  for (const value of operands) append(site, { type: "ArrayAppendStmt", stmt: { value, array: array.value } });
  return array;
}

function planSet(site: Site, items: readonly Term[]): IrOperand {
  // In their order as terms, as an object's entries are.
  const operands = insertionOrder(items).map((i) => planTermHere(site, items[i] as Term));
  const set = make(site, (target) => ({ type: "MakeSetStmt", stmt: { target } }));
  for (const value of operands) append(site, { type: "SetAddStmt", stmt: { value, set: set.value } });
  return set;
}

function planObject(site: Site, entries: readonly (readonly [Term, Term])[]): IrOperand {
  // In the order of the keys they are evaluated, too: where one is undefined, no rule behind it is asked.
  const operands = inInsertionOrder(entries).map(
    ([key, value]) => [planTermHere(site, key), planTermHere(site, value)] as const,
  );
  const object = make(site, (target) => ({ type: "MakeObjectStmt", stmt: { target } }));
  for (const [key, value] of operands) {
    append(site, { type: "ObjectInsertStmt", stmt: { key, value, object: object.value } });
  }
  return object;
}

type Comprehension = Extract<Term, { kind: "array-comprehension" | "set-comprehension" | "object-comprehension" }>;

function planComprehension(site: Site, term: Comprehension): IrOperand {
  const result = makeCollection(site, term.kind);
  appendBlock(site, (nested) => {
    planBody(nested, term.body);
    const key = term.kind === "object-comprehension" ? planTermHere(nested, term.key) : undefined;
    const value = planTermHere(nested, term.value);
    if (key !== undefined) append(nested, { type: "ObjectInsertOnceStmt", stmt: { key, value, object: result } });
    else if (term.kind === "set-comprehension") append(nested, { type: "SetAddStmt", stmt: { value, set: result } });
    else append(nested, { type: "ArrayAppendStmt", stmt: { value, array: result } });
  });
  return local(result);
}

function makeCollection(site: Site, kind: Comprehension["kind"]): number {
  switch (kind) {
    case "array-comprehension":
      return make(site, (target) => ({ type: "MakeArrayStmt", stmt: { capacity: 0, target } })).value;
    case "set-comprehension":
      return make(site, (target) => ({ type: "MakeSetStmt", stmt: { target } })).value;
    case "object-comprehension":
      return make(site, (target) => ({ type: "MakeObjectStmt", stmt: { target } })).value;
  }
}
