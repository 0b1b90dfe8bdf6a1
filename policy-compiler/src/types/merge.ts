/** What two rules of one document give together. */
import { makeObjectType, makeSetType } from "./make-type.ts";
import { type ObjectType, openType, type RegoType } from "./type.ts";
import { makeUnion, unionOf } from "./union.ts";

/** Sets and objects made piece by piece are one; all else is either of the two. */
export function mergeTypes(a: RegoType, b: RegoType): RegoType {
  const left = openType(a);
  const right = openType(b);
  if (left.kind === "set" && right.kind === "set") return makeSetType(unionOf(left.of, right.of));
  if (isPieces(left)) return mergePieces(left, right);
  if (isPieces(right) && left.kind === "union") return mergePieces(right, left);
  return unionOf(left, right);
}

/** An object without fields of its own: what rules with variables in their heads make. */
function isPieces(type: RegoType): type is ObjectType {
  return type.kind === "object" && type.fields.length === 0;
}

function mergePieces(a: ObjectType, b: RegoType): RegoType {
  if (isPieces(b)) {
    // The empty object is one of every type of such objects.
    if (a.rest === undefined) return b;
    if (b.rest === undefined) return a;
    return makeObjectType([], { key: unionOf(a.rest.key, b.rest.key), value: mergeTypes(a.rest.value, b.rest.value) });
  }
  if (b.kind !== "union" || a.rest === undefined) return unionOf(a, b);
  const like = b.of.find((member) => isPieces(member) && member.rest !== undefined);
  if (like === undefined) return unionOf(a, b);
  return makeUnion([mergePieces(a, like), ...b.of.filter((member) => member !== like)]);
}
