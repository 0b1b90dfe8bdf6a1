/** The built-ins on values themselves: operators, numbers, collections, types, strings, encodings. */
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
  count as b$count, sum as b$sum, product as b$product, max as b$max, min as b$min, sort as b$sort, all as b$all,
  any as b$any,
} from "./aggregates";
export {
  concatArrays as b$array$concat, flatten as b$array$flatten, reverseArray as b$array$reverse,
  slice as b$array$slice,
} from "./arrays";
export {
  get as b$object$get, keys as b$object$keys, remove as b$object$remove, filter as b$object$filter,
  unionOfTwo as b$object$union, unionOfAll as b$object$union_n,
} from "./objects";
export { subset as b$object$subset } from "./subset";
export {
  isArray as b$is_array, isBoolean as b$is_boolean, isNull as b$is_null, isNumber as b$is_number,
  isObject as b$is_object, isSet as b$is_set, isStringBuiltin as b$is_string, typeName as b$type_name,
  castArray as b$cast_array, castSet as b$cast_set, castString as b$cast_string, castBoolean as b$cast_boolean,
  castNull as b$cast_null, castObject as b$cast_object,
} from "./types";
export { walk as b$walk } from "./walk";
export { print as b$internal$print, templateString as b$internal$template_string } from "./print";
export {
  range as b$numbers$range, rangeStep as b$numbers$range_step, toNumber as b$to_number, formatInt as b$format_int,
} from "./numbers";
export {
  bitsAnd as b$bits$and, bitsOr as b$bits$or, bitsXor as b$bits$xor, bitsNegate as b$bits$negate,
  bitsShiftLeft as b$bits$lsh, bitsShiftRight as b$bits$rsh,
} from "./bits";
export { parseUnits as b$units$parse, parseBytes as b$units$parse_bytes } from "./units";
export { filterPaths as b$json$filter, removePaths as b$json$remove } from "./json-paths";
export { patch as b$json$patch } from "./json-patch";
export {
  concat as b$concat, contains as b$contains, startsWith as b$startswith, endsWith as b$endswith,
  anyPrefixMatch as b$strings$any_prefix_match, anySuffixMatch as b$strings$any_suffix_match, indexOf as b$indexof,
  indexOfAll as b$indexof_n, countParts as b$strings$count, substring as b$substring, lower as b$lower,
  upper as b$upper, reverseString as b$strings$reverse,
} from "./strings";
export {
  trim as b$trim, trimLeft as b$trim_left, trimRight as b$trim_right, trimSpace as b$trim_space,
  trimPrefix as b$trim_prefix, trimSuffix as b$trim_suffix,
} from "./trimming";
export {
  split as b$split, splitN as b$strings$split_n, replace as b$replace, replaceN as b$strings$replace_n,
} from "./splitting";
export {
  md5 as b$crypto$md5, sha1 as b$crypto$sha1, sha256 as b$crypto$sha256, hmacMd5 as b$crypto$hmac$md5,
  hmacSha1 as b$crypto$hmac$sha1, hmacSha256 as b$crypto$hmac$sha256, hmacSha512 as b$crypto$hmac$sha512,
  hmacEqual as b$crypto$hmac$equal,
} from "./crypto";
export {
  marshal as b$json$marshal, marshalWithOptions as b$json$marshal_with_options, unmarshal as b$json$unmarshal,
  isValid as b$json$is_valid,
} from "./json";
export {
  base64Encode as b$base64$encode, base64Decode as b$base64$decode, base64IsValid as b$base64$is_valid,
  base64UrlEncode as b$base64url$encode, base64UrlEncodeNoPad as b$base64url$encode_no_pad,
  base64UrlDecode as b$base64url$decode, hexEncode as b$hex$encode, hexDecode as b$hex$decode,
} from "./base-encodings";
export {
  encodeQuery as b$urlquery$encode, decodeQuery as b$urlquery$decode, encodeObject as b$urlquery$encode_object,
  decodeObject as b$urlquery$decode_object,
} from "./urlquery";
export { sprintf as b$sprintf } from "./sprintf";
export { renderTemplate as b$strings$render_template } from "./render-template";
