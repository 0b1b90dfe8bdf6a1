/**
 * References: what is known of a document or a value must have what is read from it. On the way
 * the variables in its brackets get their types: the keys of what they iterate.
 */
import type { Diagnostic } from "@regomesh/base";
import type { Term } from "../resolved/ast.ts";
import { isScalar } from "../syntax/ground.ts";
import type { Checker } from "./checker.ts";
import { compareKeys } from "./compare-types.ts";
import { constantKey } from "./constant.ts";
import { fits } from "./fits.ts";
import { infer } from "./infer.ts";
import { printType } from "./print-type.ts";
import { keysOf, selectType, valuesOf } from "./select.ts";
import { ANY, type FieldKey, hasNoMembers, isUnknown, openType, type RegoType, STRING, UNKNOWN } from "./type.ts";
import { type Documents, isRoot, type RefTerm, type TypeEnv, typeOf, typeOfVariable } from "./type-env.ts";
import { childKeys, extentOf, findChild, type TypeNode } from "./type-tree.ts";

type Checked = { readonly ref: RefTerm; readonly env: TypeEnv; readonly checker: Checker };

/** What is wrong with a reference whose parts stand in front of it; undefined where nothing is. */
export function checkRef(ref: RefTerm, env: TypeEnv, checker: Checker): Diagnostic | undefined {
  const checked: Checked = { ref, env, checker };
  const { head } = ref;
  if (head.kind !== "var") return checkBelow(typeOf(head, env), 0, checked);
  if (isRoot(head.name)) return checkDocument(env.documents, head.name, checked) ?? checkCalled(checked);
  const known = typeOfVariable(head.name, env);
  if (isUnknown(known)) infer(head, ANY, env);
  return checkBelow(isUnknown(known) ? ANY : known, 0, checked);
}

/** As OPA has it a document may be called without arguments where nothing is known of its type, and nowhere else. */
function checkCalled({ ref, env, checker }: Checked): Diagnostic | undefined {
  if (!ref.isCalled) return undefined;
  const { kind } = typeOf(ref, env);
  if (kind === "any" || kind === "unknown") return undefined;
  return checker.problem(
    ref.at,
    `undefined function ${checker.print(ref)}`,
    "it is no function: leave out the parentheses",
  );
}

/** Follows the nearest tree that knows the whole path; what none knows may be anything. */
function checkDocument(documents: Documents | undefined, root: string, checked: Checked): Diagnostic | undefined {
  const { path } = checked.ref;
  for (let layer = documents; layer !== undefined; layer = layer.next) {
    let node = findChild(layer.tree, root);
    for (let i = 0; node !== undefined; i++) {
      if (node.type !== undefined) return checkBelow(node.type, i, checked);
      if (i === path.length) return undefined;
      const fault = checkName(node, i, checked);
      if (fault !== undefined) return fault;
      const key = constantKey(path[i] as Term);
      node = key === undefined ? undefined : findChild(node, key);
    }
  }
  return checkBelow(ANY, 0, checked);
}

/** What stands between packages and rules is a name; a variable there is one of those that are known, or another. */
function checkName(node: TypeNode, i: number, checked: Checked): Diagnostic | undefined {
  const part = checked.ref.path[i] as Term;
  if (part.kind === "string") return undefined;
  if (part.kind !== "var") {
    return i > 1
      ? undefined
      : report(checked, i, { have: typeOf(part, checked.env), want: STRING, keys: childKeys(node) });
  }
  const want = keysOf(extentOf(node));
  const known = typeOfVariable(part.name, checked.env);
  if (isUnknown(known)) infer(part, want, checked.env);
  else if (!fits(want, known)) return report(checked, i, { have: known, want, keys: childKeys(node) });
  return undefined;
}

/** Follows the path from its part `start` on, in a value of the type. */
function checkBelow(type: RegoType, start: number, checked: Checked): Diagnostic | undefined {
  const { env, ref } = checked;
  let at = type;
  for (let i = start; i < ref.path.length; i++) {
    const part = ref.path[i] as Term;
    if (at.kind === "any" && part.kind === "string") continue;
    if (hasNoMembers(at)) return checkInEmpty(at, i, checked);
    const keys = keysOf(at);
    // A function as a value is refused by name, whatever is read from it.
    if (at.kind === "function") return undefined;
    if (isUnknown(keys)) return reportNoParts(checked, i, at);
    const key = isScalar(part) ? constantKey(part) : undefined;
    if (key !== undefined) {
      const next = selectType(at, key);
      if (isUnknown(next)) return report(checked, i, { want: keys, keys: fieldsOf(at) });
      at = next;
      continue;
    }
    const known = typeOf(part, env);
    const isComposite = part.kind !== "var" && part.kind !== "ref";
    if (isComposite || isUnknown(known) ? !infer(part, keys, env) : !fits(known, keys)) {
      return report(checked, i, { have: known, want: keys, keys: isComposite ? [] : fieldsOf(at) });
    }
    at = valuesOf(at);
  }
  return undefined;
}

/** A constant key of what has no members is wrong; iterating it gives nothing. */
function checkInEmpty(type: RegoType, i: number, checked: Checked): Diagnostic | undefined {
  const part = checked.ref.path[i] as Term;
  if (isScalar(part)) return report(checked, i, {});
  if (part.kind !== "var") return undefined;
  const known = typeOfVariable(part.name, checked.env);
  const keys = keysOf(type);
  if (isUnknown(known)) infer(part, ANY, checked.env);
  else if (!isUnknown(keys) && !fits(known, keys)) return report(checked, i, { have: known, want: keys });
  return undefined;
}

function fieldsOf(type: RegoType): readonly FieldKey[] {
  const opened = openType(type);
  if (opened.kind === "object") return opened.fields.map(({ key }) => key);
  if (opened.kind !== "union") return [];
  const keys = opened.of.flatMap(fieldsOf).sort(compareKeys);
  return keys.filter((key, i) => i === 0 || compareKeys(key, keys[i - 1] as FieldKey) !== 0);
}

type Detail = {
  /** Absent where the part is a constant, which is named itself. */
  readonly have?: RegoType;
  readonly want?: RegoType;
  /** Keys that there are. */
  readonly keys?: readonly FieldKey[];
};

const KEYS_MAX = 20;

function report(checked: Checked, i: number, { have, want = UNKNOWN, keys = [] }: Detail): Diagnostic {
  const part = checked.ref.path[i] as Term;
  const name = checked.checker.print(part);
  const given = have === undefined || isUnknown(have) ? name : `${name} of type ${printType(have)}`;
  const shown = keys.slice(0, KEYS_MAX).map((key) => (typeof key === "string" ? JSON.stringify(key) : key.text));
  const more = keys.length > KEYS_MAX ? ", ..." : "";
  const wanted =
    shown.length > 0
      ? `have ${given}, want one of ${shown.join(", ")}${more}`
      : isUnknown(want)
        ? `have ${given}, but nothing is in it`
        : `have ${given}, want a key of type ${printType(want)}`;
  return checked.checker.problem(checked.ref.at, `undefined ref: ${checked.checker.print(checked.ref)}`, wanted);
}

function reportNoParts(checked: Checked, i: number, type: RegoType): Diagnostic {
  const { ref, checker } = checked;
  const before = checker.print({ ...ref, path: ref.path.slice(0, i) });
  return checker.problem(
    ref.at,
    `undefined ref: ${checker.print(ref)}`,
    `${before} is of type ${printType(type)}, which has no parts`,
  );
}
