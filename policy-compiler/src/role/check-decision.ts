/**
 * Decisions of a wrong type, where it can be seen without asking: a rule that a binding asks, or that
 * has the name of one of the mesh's entrypoints, and whose value can never be read as that kind of decision.
 * The fault would otherwise be a 503 of every request that the rule is for.
 */
import type { Diagnostic, Location } from "@regomesh/base";
import { ENTRYPOINTS, type EntrypointKind, type Field, ROOTS, type Shape } from "@regomesh/policy-runtime";
import { typeRules } from "../analyze/check-types.ts";
import type { BuiltinSignatures } from "../builtins/table.ts";
import type { Entrypoint } from "../entrypoint.ts";
import type { Term } from "../resolved/ast.ts";
import { findNode, type RuleNode } from "../resolved/rule-tree.ts";
import { type RuleTypes, valuesOfRule } from "../types/check-rules.ts";
import { printType } from "../types/print-type.ts";
import type { RegoType } from "../types/type.ts";

type Place = { readonly what: string; readonly at: Location; readonly term: Term | undefined };
type Cell = Field["type"];

const WANTED: Readonly<Record<Cell, string>> = {
  flag: "a boolean",
  text: "a string",
  number: "a number",
  texts: "an array of strings",
  pairs: "an object of strings",
  record: "an object",
  records: "a set or an array of objects",
  targets: "a service's name or an array of targets",
  object: "an object",
};

const KINDS: Readonly<Record<Cell, readonly RegoType["kind"][]>> = {
  flag: ["boolean"],
  text: ["string"],
  number: ["number"],
  texts: ["array", "set"],
  pairs: ["object", "array", "set"],
  record: ["object"],
  records: ["array", "set"],
  targets: ["string", "array", "set"],
  object: ["object"],
};

/** Of an entrypoint by its name, `mesh/authz/allow`: as what it is asked where that is said, or else as what its name says. */
export function checkDecision(
  entrypoint: Pick<Entrypoint, "name" | "kinds">,
  root: RuleNode,
  builtins: BuiltinSignatures,
  types?: RuleTypes,
): readonly Diagnostic[] {
  const { name } = entrypoint;
  const known = ENTRYPOINTS.filter(({ names }) => names.includes(name)).map(({ kind }) => kind);
  return (entrypoint.kinds ?? known).flatMap((kind) => checkKind(name, kind, root, builtins, types));
}

function checkKind(
  name: string,
  kind: EntrypointKind,
  index: RuleNode,
  builtins: BuiltinSignatures,
  types: RuleTypes | undefined,
): readonly Diagnostic[] {
  const root = ROOTS.find((each) => each.name === kind);
  if (root === undefined) return [];
  const known = types ?? typeRules(index, builtins);
  const rules = findNode(index, name.split("/"))?.rules ?? [];
  const found: Diagnostic[] = [];
  const what = kind === "authz" ? "the decision" : kind === "route" ? "the route" : "limits";
  for (const rule of rules) {
    // A head with keys of its own makes an object piece by piece: its values are fields.
    if (rule.head.args !== undefined || rule.head.ref.length > name.split("/").length) continue;
    for (const { head, type } of valuesOfRule(rule, known)) {
      const place: Place = { what, at: head.at, term: head.value };
      if (rule.head.isSet && root.type === "records")
        fit(root.shape, "record", type, { ...place, what: "a limit" }, found);
      else if (kind === "authz" && canBe(type, "boolean")) continue;
      else fit(root.shape, root.type, rule.head.isSet ? { kind: "set", of: type } : type, place, found);
    }
  }
  return found;
}

function canBe(type: RegoType, kind: RegoType["kind"]): boolean {
  if (type.kind === "any" || type.kind === kind) return true;
  return type.kind === "union" && type.of.some((member) => canBe(member, kind));
}

/** Reports what is certainly wrong; of a union all members must be. */
function fit(shape: Shape | undefined, cell: Cell, type: RegoType, place: Place, found: Diagnostic[]): void {
  if (type.kind === "any" || type.kind === "unknown") return;
  if (type.kind === "union") {
    const faults = type.of.map((member) => {
      const own: Diagnostic[] = [];
      fit(shape, cell, member, place, own);
      return own;
    });
    if (faults.every((own) => own.length > 0)) found.push(...(faults[0] ?? []));
    return;
  }
  if (!KINDS[cell].includes(type.kind)) {
    found.push(wrong(place, `${place.what} must be ${WANTED[cell]}, not ${printType(type)}`));
    return;
  }
  if (cell === "record" && shape !== undefined && type.kind === "object") fitFields(shape, type, place, found);
  if ((cell === "records" || cell === "targets") && shape !== undefined) {
    if (type.kind === "set")
      fit(shape, "record", type.of, { ...place, what: `a member of ${place.what}`, term: undefined }, found);
    if (type.kind === "array") {
      type.items.forEach((item, i) => {
        const term = place.term?.kind === "array" ? place.term.items[i] : undefined;
        fit(shape, "record", item, { what: `${place.what}[${i}]`, at: term?.at ?? place.at, term }, found);
      });
    }
  }
}

function fitFields(shape: Shape, type: Extract<RegoType, { kind: "object" }>, place: Place, found: Diagnostic[]): void {
  const entries = place.term?.kind === "object" ? place.term.entries : [];
  for (const { key: name, type: value } of type.fields) {
    const [key, term] = entries.find(([each]) => each.kind === "string" && each.value === name) ?? [];
    const field = shape.fields.find((each) => each.name === name);
    if (field === undefined) {
      const known = shape.fields.map((each) => each.name).join(", ");
      const message = `${place.what} has the unknown field ${JSON.stringify(name)}; known are ${known}`;
      if (!shape.isOpen) found.push(wrong({ ...place, at: key?.at ?? place.at }, message));
      continue;
    }
    fit(field.shape, field.type, value, { what: `${name} of ${place.what}`, at: term?.at ?? place.at, term }, found);
  }
}

function wrong({ at }: Place, message: string): Diagnostic {
  const hint = "the proxy would answer 503 policy_type_error to every request that this is for";
  return { code: "decision_type", severity: "error", message, at, hint };
}
