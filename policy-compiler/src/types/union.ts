/** Unions: the smallest type that holds all of several. */
import { compareTypes } from "./compare-types.ts";
import { ANY, type FunctionType, type RegoType, UNKNOWN } from "./type.ts";
import { boundType } from "./type-size.ts";

/** What may be of more types than these is of any: two unions are compared member by member. */
const MEMBERS_MAX = 128;

/** What is made of nothing is unknown; what is made of a function and something else too. */
export function makeUnion(types: readonly RegoType[]): RegoType {
  let first: RegoType | undefined;
  let isMixed = false;
  for (const type of types) {
    if (type.kind === "any") return ANY;
    if (type.kind === "unknown") continue;
    if (first === undefined) first = type;
    else if (type !== first) isMixed = true;
  }
  if (first === undefined) return UNKNOWN;
  return isMixed ? mix(types) : first;
}

export function unionOf(a: RegoType, b: RegoType): RegoType {
  return makeUnion([a, b]);
}

function mix(types: readonly RegoType[]): RegoType {
  const flat = types.flatMap((type) => (type.kind === "union" ? type.of : type.kind === "unknown" ? [] : [type]));
  const functions = flat.filter((type): type is FunctionType => type.kind === "function");
  if (functions.length > 0) return functions.length < flat.length ? UNKNOWN : mixFunctions(functions);
  flat.sort(compareTypes);
  const members = flat.filter((type, i) => i === 0 || compareTypes(type, flat[i - 1] as RegoType) !== 0);
  if (members.length > MEMBERS_MAX) return ANY;
  return members.length === 1 ? (members[0] as RegoType) : boundType({ kind: "union", of: members });
}

function mixFunctions(functions: readonly FunctionType[]): RegoType {
  const [first, ...others] = functions;
  if (first === undefined) return UNKNOWN;
  if (others.some(({ args }) => args.length !== first.args.length)) return UNKNOWN;
  return {
    ...first,
    args: first.args.map((_, i) => makeUnion(functions.map(({ args }) => args[i] ?? UNKNOWN))),
    result: makeUnion(functions.map(({ result }) => result ?? UNKNOWN)),
  };
}

/** True where a value of type `part` is always one of `whole`, as far as the members of a union show. */
export function holds(whole: RegoType, part: RegoType): boolean {
  if (whole.kind === "any") return part.kind !== "function";
  if (whole.kind === "union") return whole.of.some((member) => compareTypes(member, part) === 0);
  return compareTypes(whole, part) === 0;
}
