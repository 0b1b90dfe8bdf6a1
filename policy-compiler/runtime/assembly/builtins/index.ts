/**
 * The built-ins that run inside the module, each exported under `b$` and OPA's name with
 * `$` for `.`: `io.jwt.decode` is `b$io$jwt$decode`. All take and give values.
 */
export {
  equalBuiltin as b$equal, equalBuiltin as b$eq, notEqual as b$neq, lessThan as b$lt, lessOrEqual as b$lte,
  greaterThan as b$gt, greaterOrEqual as b$gte,
} from "./comparison";
export {
  plus as b$plus, minus as b$minus, mul as b$mul, div as b$div, rem as b$rem, abs as b$abs, round as b$round,
  ceil as b$ceil, floor as b$floor,
} from "./arithmetic";
export {
  and as b$and, or as b$or, setDiff as b$set_diff, intersection as b$intersection, union as b$union,
} from "./sets";
export { member as b$internal$member_2, memberWithKey as b$internal$member_3 } from "./membership";
