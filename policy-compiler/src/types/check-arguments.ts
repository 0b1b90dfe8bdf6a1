/** Calls: each argument can be what the function takes, and gets its type from it. */
import type { Diagnostic, Location } from "@regomesh/base";
import { builtinName } from "../builtins/table.ts";
import type { Operator, Term } from "../resolved/ast.ts";
import { printPath } from "../syntax/print-term.ts";
import type { Checker } from "./checker.ts";
import { fits } from "./fits.ts";
import { infer, inferMember } from "./infer.ts";
import { printType, printTypes } from "./print-type.ts";
import { keysOf, valuesOf } from "./select.ts";
import { ANY, type FunctionType, hasUnknown, isUnknown, type RegoType, UNKNOWN } from "./type.ts";
import { type TypeEnv, typeOf, typeOfDocument } from "./type-env.ts";

export type Call = {
  readonly operator: Operator;
  /** Its arguments and, in f(x, y), where its result goes. */
  readonly given: readonly Term[];
  /** How many of them are arguments. */
  readonly count: number;
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
  const { given } = call;
  const { args, result } = type;
  // All of them before any is inferred.
  const before = given.map((term) => typeOf(term, env));
  for (let i = 0; i < given.length; i++) {
    const want = args[i] ?? (i === args.length ? result : undefined) ?? args.at(-1) ?? ANY;
    const have = before[i] as RegoType;
    if (!hasUnknown(have) && !fits(have, want)) return fail(call, before, type, checker);
    if (infer(given[i] as Term, want, env)) continue;
    const after = given.map((each) => typeOf(each, env));
    return fail(call, after, type, checker);
  }
  return { result: result ?? ANY, fault: undefined };
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
  const signature = checker.builtins.resolve(builtinName(path));
  if (signature === undefined) return ANY;
  const { args, isVoid, isVariadic } = signature;
  const result = isVoid ? undefined : (signature.result ?? ANY);
  return { kind: "function", args, result, isVariadic };
}

const NOWHERE: Location = { source: { name: "", text: "" }, span: { start: 0, end: 0 } };

function fail(call: Call, have: readonly RegoType[], { args, result }: FunctionType, checker: Checker): Checked {
  const want = (result === undefined ? args : [...args, result]).slice(0, have.length);
  const message = `${printPath(call.operator.path)}: invalid argument(s): have ${printTypes(have)}, want ${printTypes(want)}`;
  const fault = checker.problem(call.at, message);
  return { result: UNKNOWN, fault };
}

/** `x in xs`: what is never a member of such a collection. Undefined where it can be, or is no such call. */
export function checkMembership(call: Call, env: TypeEnv, checker: Checker): Diagnostic | undefined {
  const { path } = call.operator;
  if (path[0] !== "internal") return undefined;
  const name = path.at(-1);
  if (name !== "member_2" && name !== "member_3") return undefined;
  const collection = call.given[call.count - 1];
  const item = call.given[call.count - 2];
  if (collection === undefined || item === undefined) return undefined;
  const type = typeOf(collection, env);
  const values = valuesOf(type);
  if (isUnknown(values)) return undefined;
  const key = name === "member_3" ? call.given[0] : undefined;
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
