/** Calls: each argument can be what the function takes, and gets its type from it. */
import type { Diagnostic, Location } from "@regomesh/base";
import type { Operator, Term } from "../resolved/ast.ts";
import { printPath } from "../syntax/print-term.ts";
import type { Checker } from "./checker.ts";
import { fits } from "./fits.ts";
import { infer, inferMember } from "./infer.ts";
import { printType, printTypes } from "./print-type.ts";
import { keysOf, valuesOf } from "./select.ts";
import { ANY, hasUnknown, isUnknown, type RegoType, UNKNOWN } from "./type.ts";
import { type TypeEnv, typeOf, typeOfDocument } from "./type-env.ts";

export type Call = {
  readonly operator: Operator;
  readonly args: readonly Term[];
  /** Where the result goes, in f(x, y). */
  readonly result: Term | undefined;
  readonly at: Location;
};

type Checked = {
  /** What the call gives; unknown where it is wrong, so that what reads it is not refused too. */
  readonly result: RegoType;
  readonly fault: Diagnostic | undefined;
};

export function checkArguments(call: Call, env: TypeEnv, checker: Checker): Checked {
  const type = typeOfFunction(call.operator.path, env, checker);
  if (isUnknown(type)) return { result: UNKNOWN, fault: undefinedFunction(call, checker) };
  // Of a function that is wrong, or that `with` replaces, nothing is said.
  if (type.kind !== "function") return { result: UNKNOWN, fault: undefined };
  const given = call.result === undefined ? call.args : [...call.args, call.result];
  const wanted = type.result === undefined ? type.args : [...type.args, type.result];
  const before = given.map((term) => typeOf(term, env));
  const result = type.result ?? ANY;
  for (const [i, term] of given.entries()) {
    const want = wanted[i] ?? type.args.at(-1) ?? ANY;
    const have = before[i] ?? UNKNOWN;
    if (!hasUnknown(have) && !fits(have, want)) return fail(call, before, wanted, checker);
    if (infer(term, want, env)) continue;
    const after = given.map((each) => typeOf(each, env));
    return fail(call, after, wanted, checker);
  }
  return { result, fault: undefined };
}

function undefinedFunction({ operator, at }: Call, checker: Checker): Diagnostic {
  const name = printPath(operator.path);
  return checker.problem(at, `undefined function ${name}`, "one of its definitions has errors of its own");
}

export function typeOfFunction(path: readonly string[], env: TypeEnv, checker: Checker): RegoType {
  if (path[0] === "data") {
    const { documents } = env;
    const parts = path.slice(1).map((value): Term => ({ kind: "string", value, at: NOWHERE }));
    return typeOfDocument("data", parts, documents);
  }
  const signature = checker.builtins.resolve(path.join("."));
  if (signature === undefined) return ANY;
  const { args, isVoid, isVariadic } = signature;
  const result = isVoid ? undefined : (signature.result ?? ANY);
  return { kind: "function", args, result, isVariadic };
}

const NOWHERE: Location = { source: { name: "", text: "" }, span: { start: 0, end: 0 } };

function fail(call: Call, have: readonly RegoType[], wanted: readonly RegoType[], checker: Checker): Checked {
  const want = wanted.slice(0, have.length);
  const message = `${printPath(call.operator.path)}: invalid argument(s): have ${printTypes(have)}, want ${printTypes(want)}`;
  const fault = checker.problem(call.at, message);
  return { result: UNKNOWN, fault };
}

/** `x in xs`: what is never a member of such a collection. Undefined where it can be, or is no such call. */
export function checkMembership(call: Call, env: TypeEnv, checker: Checker): Diagnostic | undefined {
  const [name] = call.operator.path.slice(-1);
  if (call.operator.path[0] !== "internal" || (name !== "member_2" && name !== "member_3")) return undefined;
  const collection = call.args.at(-1);
  const item = call.args.at(-2);
  if (collection === undefined || item === undefined) return undefined;
  const type = typeOf(collection, env);
  const values = valuesOf(type);
  if (isUnknown(values)) return undefined;
  const key = name === "member_3" ? call.args[0] : undefined;
  const wanted: (readonly [Term, RegoType])[] = [[item, values]];
  if (key !== undefined) wanted.unshift([key, keysOf(type)]);
  for (const [term, want] of wanted) {
    const have = typeOf(term, env);
    if (inferMember(term, want, env)) continue;
    const message = `match error: left is ${printType(have)}, right is ${printType(want)}`;
    return checker.problem(call.at, message, "it is never a member of such a collection");
  }
  return undefined;
}
