import { compare } from "../value/compare";
import { makeBoolean } from "../value/value";

export function equalBuiltin(a: usize, b: usize): usize {
  return makeBoolean(compare(a, b) == 0);
}
