/**
 * What built-ins of the runtime ask the host for, and what stays the same throughout an
 * evaluation: the clock, and random values by their keys.
 *
 * The emitter declares these names as built-ins of the host for policies that call what
 * needs them (HOST_PARTS in emit/runtime-calls.ts); their numbers are found by name here.
 */
import { hostCall0, hostCall1, hostCall2, hostCall3 } from "../abi/host";
import { builtinError, burn } from "../failure";
import { int64, toInt64 } from "../number/number";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { compare } from "../value/compare";
import { copyObject, makeObject, objectGet, objectInsert, objectKeyAt, objectLen, objectValueAt } from "../value/object";
import { makeSet, setAdd } from "../value/set";
import { ARRAY, NULL_VALUE, NUMBER, OBJECT, SET, STRING, TRUE_VALUE, UNDEFINED, intOf, kindOf, makeInt, makeText, stringLen, stringPtr } from "../value/value";
import { expectInt, expectKind } from "./operands";

let clock: i32 = -1;
let zone: i32 = -1;
let uuid: i32 = -1;
let random: i32 = -1;
let awsSign: i32 = -1;
let lookup: i32 = -1;
let sender: i32 = -1;
let schemaMatch: i32 = -1;
let schemaVerify: i32 = -1;
let tokenVerify: i32 = -1;
let chainVerify: i32 = -1;
let chainVerifyWith: i32 = -1;

/** Finds the host's numbers in the object of its names. */
export function linkHost(names: usize): void {
  clock = numberOf(names, "time.now_ns");
  zone = numberOf(names, "time.zone");
  uuid = numberOf(names, "uuid.rfc4122");
  random = numberOf(names, "rand.intn");
  awsSign = numberOf(names, "providers.aws.sign_req");
  lookup = numberOf(names, "net.lookup_ip_addr");
  schemaMatch = numberOf(names, "json.match_schema");
  schemaVerify = numberOf(names, "json.verify_schema");
  sender = numberOf(names, "http.send");
  tokenVerify = numberOf(names, "io.jwt.decode_verify");
  chainVerify = numberOf(names, "crypto.x509.parse_and_verify_certificates");
  chainVerifyWith = numberOf(names, "crypto.x509.parse_and_verify_certificates_with_options");
}

function numberOf(names: usize, name: string): i32 {
  if (kindOf(names) != OBJECT) return -1;
  const number = objectGet(names, makeText(name));
  return number == UNDEFINED ? -1 : <i32>intOf(number);
}

// ── the same throughout an evaluation ──

let now: usize = 0;
/** Array of [host's number, key, value]. */
let drawn: usize = 0;

export function forgetHost(): void {
  now = 0;
  drawn = 0;
}

/** The evaluation's time, where the host gave it beforehand. */
export function fixNow(ms: f64): void {
  now = makeInt(<i64>ms * 1000000);
}

export function nowNs(): usize {
  if (now != 0) return now;
  if (clock < 0) return builtinError("time.now_ns: the host has no clock");
  now = hostCall0(clock);
  return now;
}

// ── what is valid for a time: the host is told the evaluation's, as its last operand ──

export function jwtDecodeVerify(token: usize, constraints: usize): usize {
  if (tokenVerify < 0) return builtinError("io.jwt.decode_verify: the host verifies no tokens");
  const time = nowNs();
  return time == UNDEFINED ? UNDEFINED : hostCall3(tokenVerify, token, constraints, time);
}

export function verifyChain(certificates: usize): usize {
  if (chainVerify < 0) return builtinError("crypto.x509.parse_and_verify_certificates: the host verifies none");
  const time = nowNs();
  return time == UNDEFINED ? UNDEFINED : hostCall2(chainVerify, certificates, time);
}

export function verifyChainWith(certificates: usize, options: usize): usize {
  if (chainVerifyWith < 0) {
    return builtinError("crypto.x509.parse_and_verify_certificates_with_options: the host verifies none");
  }
  const time = nowNs();
  return time == UNDEFINED ? UNDEFINED : hostCall3(chainVerifyWith, certificates, options, time);
}

/** What was drawn for the key before in this evaluation, or 0. */
function drawnFor(host: i32, key: usize): usize {
  const length = drawn == 0 ? 0 : arrayLen(drawn);
  burn(length);
  for (let i = 0; i < length; i += 3) {
    if (arrayGet(drawn, i) == makeInt(host) && compare(arrayGet(drawn, i + 1), key) == 0) return arrayGet(drawn, i + 2);
  }
  return 0;
}

function keepDrawn(host: i32, key: usize, value: usize): usize {
  if (value == UNDEFINED) return value;
  if (drawn == 0) drawn = makeArray(6);
  arrayPush(drawn, makeInt(host));
  arrayPush(drawn, key);
  arrayPush(drawn, value);
  return value;
}

export function uuidRfc4122(key: usize): usize {
  if (uuid < 0) return builtinError("uuid.rfc4122: the host has no randomness");
  const known = drawnFor(uuid, key);
  return known != 0 ? known : keepDrawn(uuid, key, hostCall1(uuid, key));
}

export function randIntn(key: usize, bound: usize): usize {
  if (!expectKind("rand.intn", 1, key, STRING) || !expectInt("rand.intn", 2, bound)) return UNDEFINED;
  if (random < 0) return builtinError("rand.intn: the host has no randomness");
  toInt64(bound);
  if (int64 == 0) return makeInt(0);
  const top = makeInt(int64 < 0 ? -int64 : int64);
  const pair = makeArray(2);
  arrayPush(pair, key);
  arrayPush(pair, top);
  const known = drawnFor(random, pair);
  return known != 0 ? known : keepDrawn(random, pair, hostCall2(random, key, top));
}

export function trace(note: usize): usize {
  return expectKind("trace", 1, note, STRING) ? TRUE_VALUE : UNDEFINED;
}

// ── what JSON alone would not tell or bring back: sets ──

/** A set is no document, as an array is none: the host is told null, which is none either. */
function documentOf(value: usize): usize {
  return kindOf(value) == SET ? NULL_VALUE : value;
}

export function matchSchema(document: usize, schema: usize): usize {
  if (schemaMatch < 0) return builtinError("json.match_schema: the host knows no schemas");
  return hostCall2(schemaMatch, documentOf(document), documentOf(schema));
}

export function verifySchema(schema: usize): usize {
  if (schemaVerify < 0) return builtinError("json.verify_schema: the host knows no schemas");
  return hostCall1(schemaVerify, documentOf(schema));
}

/** The request with the host's headers; the rest of it, sets among it, stays as it was. */
export function signAwsRequest(request: usize, config: usize, timeNs: usize): usize {
  if (awsSign < 0) return builtinError("providers.aws.sign_req: the host cannot sign");
  const signed = hostCall3(awsSign, request, config, timeNs);
  if (kindOf(signed) != OBJECT || kindOf(request) != OBJECT) return UNDEFINED;
  const key = makeText("headers");
  const copy = copyObject(request);
  burn(objectLen(request));
  objectInsert(copy, key, objectGet(signed, key));
  return copy;
}

/** The set of a name's addresses. */
export function lookupIpAddr(name: usize): usize {
  if (!expectKind("net.lookup_ip_addr", 1, name, STRING)) return UNDEFINED;
  if (lookup < 0) return builtinError("net.lookup_ip_addr: the host resolves no names");
  const known = drawnFor(lookup, name);
  if (known != 0) return known;
  const found = hostCall1(lookup, name);
  if (kindOf(found) != ARRAY) return UNDEFINED;
  const addresses = makeSet();
  const length = arrayLen(found);
  for (let i = 0; i < length; i++) setAdd(addresses, arrayGet(found, i));
  return keepDrawn(lookup, name, addresses);
}

/**
 * The answer to a request: in one evaluation the same for the same request, a failure too. Requests
 * that differ only in headers that they tell to ignore are the same.
 */
export function httpSend(request: usize): usize {
  if (sender < 0) return builtinError("http.send: the host sends none");
  const key = sameRequest(request);
  const known = drawnFor(sender, key);
  if (known != 0) return known == NULL_VALUE ? UNDEFINED : known;
  const time = nowNs();
  if (time == UNDEFINED) return UNDEFINED;
  const answer = hostCall2(sender, request, time);
  keepDrawn(sender, key, answer == UNDEFINED ? NULL_VALUE : answer);
  return answer;
}

function sameRequest(request: usize): usize {
  if (kindOf(request) != OBJECT) return request;
  const ignored = objectGet(request, makeText("cache_ignored_headers"));
  const headers = objectGet(request, makeText("headers"));
  if (ignored == UNDEFINED || kindOf(ignored) != ARRAY || headers == UNDEFINED || kindOf(headers) != OBJECT) return request;
  const kept = makeObject(objectLen(headers));
  burn(objectLen(headers) * (1 + arrayLen(ignored)));
  for (let i = 0; i < objectLen(headers); i++) {
    const name = objectKeyAt(headers, i);
    if (!arrayHas(ignored, name)) objectInsert(kept, name, objectValueAt(headers, i));
  }
  const copy = copyObject(request);
  burn(objectLen(request));
  objectInsert(copy, makeText("cache_ignored_headers"), NULL_VALUE);
  objectInsert(copy, makeText("headers"), kept);
  return copy;
}

function arrayHas(array: usize, value: usize): bool {
  for (let i = 0; i < arrayLen(array); i++) {
    if (compare(arrayGet(array, i), value) == 0) return true;
  }
  return false;
}

// ── time zones ──

/** What zoneAt found: seconds east of UTC, and the abbreviation's bytes. */
export let zoneOffset: i32 = 0;
export let zoneName: usize = 0;
export let zoneNameLength: i32 = 0;

/** How the zone (a string) stood at the moment; false where the host does not know it. */
export function zoneAt(name: usize, seconds: i64): bool {
  if (zone < 0) return false;
  const facts = hostCall2(zone, name, makeInt(seconds));
  if (kindOf(facts) != ARRAY || arrayLen(facts) != 2) return false;
  const offset = arrayGet(facts, 0);
  const abbreviation = arrayGet(facts, 1);
  if (kindOf(offset) != NUMBER || kindOf(abbreviation) != STRING || !toInt64(offset)) return false;
  if (int64 <= -86400 * 2 || int64 >= 86400 * 2) return false;
  zoneOffset = <i32>int64;
  zoneName = stringPtr(abbreviation);
  zoneNameLength = stringLen(abbreviation);
  return true;
}
