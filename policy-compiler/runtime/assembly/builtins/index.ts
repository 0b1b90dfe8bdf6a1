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
export {
  regexMatch as b$regex$match, regexIsValid as b$regex$is_valid, regexSplit as b$regex$split, regexFindN as b$regex$find_n,
  regexFindAllStringSubmatchN as b$regex$find_all_string_submatch_n, regexReplace as b$regex$replace,
  regexTemplateMatch as b$regex$template_match, regexGlobsMatch as b$regex$globs_match,
} from "./regex";
export { globMatch as b$glob$match, globQuoteMeta as b$glob$quote_meta } from "./glob";
