/**
 * The built-ins that run inside the module, each exported under `b$` and OPA's name with
 * `$` for `.`: `io.jwt.decode` is `b$io$jwt$decode`. All take and give values.
 */
export * from "./values";
export {
  regexMatch as b$regex$match, regexMatch as b$re_match, regexIsValid as b$regex$is_valid, regexSplit as b$regex$split, regexFindN as b$regex$find_n,
  regexFindAllStringSubmatchN as b$regex$find_all_string_submatch_n, regexReplace as b$regex$replace,
  regexTemplateMatch as b$regex$template_match, regexGlobsMatch as b$regex$globs_match,
} from "./regex";
export { globMatch as b$glob$match, globQuoteMeta as b$glob$quote_meta } from "./glob";
export {
  cidrContains as b$net$cidr_contains, cidrContains as b$net$cidr_overlap, cidrContainsMatches as b$net$cidr_contains_matches,
  cidrExpand as b$net$cidr_expand, cidrIntersects as b$net$cidr_intersects, cidrIsValid as b$net$cidr_is_valid,
  cidrMerge as b$net$cidr_merge,
} from "./net";
export { semverCompare as b$semver$compare, semverIsValid as b$semver$is_valid } from "./semver";
export { uuidParse as b$uuid$parse } from "./uuid";
export { graphReachable as b$graph$reachable, graphReachablePaths as b$graph$reachable_paths } from "./graph";
export {
  timeDate as b$time$date, timeClock as b$time$clock, timeWeekday as b$time$weekday, timeAddDate as b$time$add_date,
  timeDiff as b$time$diff, timeFormat as b$time$format, timeParseNs as b$time$parse_ns,
  timeParseRfc3339Ns as b$time$parse_rfc3339_ns, timeParseDurationNs as b$time$parse_duration_ns,
} from "./time";
export {
  nowNs as b$time$now_ns, uuidRfc4122 as b$uuid$rfc4122, randIntn as b$rand$intn, trace as b$trace,
  signAwsRequest as b$providers$aws$sign_req, lookupIpAddr as b$net$lookup_ip_addr, httpSend as b$http$send,
  matchSchema as b$json$match_schema, verifySchema as b$json$verify_schema,
  jwtDecodeVerify as b$io$jwt$decode_verify, verifyChain as b$crypto$x509$parse_and_verify_certificates,
  verifyChainWith as b$crypto$x509$parse_and_verify_certificates_with_options,
} from "./host";
export { jwtDecode as b$io$jwt$decode } from "./jwt";
