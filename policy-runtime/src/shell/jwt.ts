/** io.jwt.*: what needs keys. Checks follow OPA's tokens.go in their order, so that errors do too. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { decodeBase64Url } from "./base64.ts";
import { isJsonObject, isJsonText, type JsonObject, numberOf, parseJsonExact, printGoJson } from "./json-text.ts";
import { ALGORITHMS, signingKey, type VerificationKey, verificationKeys } from "./jwt-keys.ts";
import { isSigned, signToken } from "./jwt-signature.ts";
import { decodeHeader, decodePayload, parseObject, splitToken, type Token } from "./jwt-token.ts";
import { expectObject, expectSize, expectString } from "./operands.ts";

const SECRET_BYTES_MAX = 64 * 1024;
const PAYLOAD_BYTES_MAX = 256 * 1024;
/** Tokens within tokens. */
const NESTING_MAX = 8;

function signedBytes(token: Token): Buffer {
  return Buffer.from(`${token.header}.${token.payload}`);
}

/** `io.jwt.verify_rs256` and its like: `alg` is what the built-in is for, whatever the token says. */
export function verifyWithKeys(alg: string): (jwt: unknown, keys: unknown) => boolean {
  return (jwt, keyText) => {
    const token = splitToken(jwt);
    const keys = verificationKeys(expectString(keyText, 2));
    const signature = decodeBase64Url(token.signature);
    const header = decodeHeader(token);
    return isSignedByAny(keys, header, (key) => isSigned(alg, key, signedBytes(token), signature));
  };
}

/** A key that the header names is the only one asked; otherwise all whose algorithm may be the header's. */
function isSignedByAny(
  keys: readonly VerificationKey[],
  header: { readonly alg: string; readonly kid: string },
  isSignedBy: (key: KeyObject) => boolean,
): boolean {
  const named = header.kid === "" ? undefined : keys.find((key) => key.kid === header.kid);
  if (named !== undefined) return isSignedBy(named.key);
  return keys.some(({ alg, key }) => (alg === "" || alg === header.alg) && isSignedBy(key));
}

export function verifyWithSecret(alg: string): (jwt: unknown, secret: unknown) => boolean {
  return (jwt, secretText) => {
    const text = expectString(jwt, 1);
    const secret = secretKey(expectString(secretText, 2));
    const token = splitToken(text);
    return isSigned(alg, secret, signedBytes(token), decodeBase64Url(token.signature));
  };
}

function secretKey(text: string): KeyObject {
  return createSecretKey(Buffer.from(expectSize(text, SECRET_BYTES_MAX, "the secret")));
}

// ── decode_verify ──

type Constraints = {
  keys?: readonly VerificationKey[];
  secret: string;
  alg: string;
  iss: string;
  aud: string;
  /** Nanoseconds since 1970. */
  timeNs: number;
};

function readConstraints(given: JsonObject, nowNs: () => number): Constraints {
  const constraints: Constraints = { secret: "", alg: "", iss: "", aud: "", timeNs: -1 };
  for (const [name, value] of Object.entries(given)) {
    if (name === "time") constraints.timeNs = readTime(value);
    else if (name === "cert" || name === "secret" || name === "alg" || name === "iss" || name === "aud") {
      if (typeof value !== "string") throw new Error(`${name} constraint: must be a string`);
      if (name === "cert") constraints.keys = verificationKeys(value);
      else constraints[name] = value;
    } else throw new Error(`unknown token validation constraint: ${name}`);
  }
  if (constraints.timeNs === -1) constraints.timeNs = nowNs();
  const sources = (constraints.keys === undefined ? 0 : 1) + (constraints.secret === "" ? 0 : 1);
  if (sources > 1) throw new Error("duplicate key constraints");
  if (sources < 1) throw new Error("no key constraint");
  return constraints;
}

function readTime(value: unknown): number {
  if (typeof value !== "number") throw new Error("token time constraint: must be a number");
  if (value < 0) throw new Error("token time constraint: must not be negative");
  return value;
}

const UNVERIFIED = [false, {}, {}] as const;

/** `[valid, header, payload]`; a token that does not verify shows nothing of itself. */
export function decodeVerify(jwt: unknown, given: unknown, nowNs: () => number): unknown {
  const constraints = readConstraints(expectObject(given, 2), nowNs);
  let text: unknown = jwt;
  for (let depth = 0; depth < NESTING_MAX; depth++) {
    const token = splitToken(text);
    const header = decodeHeader(token);
    if (!header.isValid || (constraints.alg !== "" && constraints.alg !== header.alg)) return UNVERIFIED;
    if (!isTokenSigned(token, header, constraints)) return UNVERIFIED;
    const payloadText = decodePayload(token);
    if (header.cty.toUpperCase() === "JWT") {
      text = payloadText;
      continue;
    }
    const payload = parseObject(payloadText);
    return areClaimsMet(payload, constraints) ? [true, header.fields, payload] : UNVERIFIED;
  }
  throw new Error(`the token is nested more than ${NESTING_MAX} times`);
}

function isTokenSigned(
  token: Token,
  header: { readonly alg: string; readonly kid: string },
  { keys, secret }: Constraints,
): boolean {
  const signature = decodeBase64Url(token.signature);
  const isSignedBy = (key: KeyObject) =>
    ALGORITHMS.has(header.alg) && isSigned(header.alg, key, signedBytes(token), signature);
  return keys === undefined ? isSignedBy(secretKey(secret)) : isSignedByAny(keys, header, isSignedBy);
}

/** RFC 7519 §4.1. */
function areClaimsMet(payload: JsonObject, { iss, aud, timeNs }: Constraints): boolean {
  if (iss !== "" && payload["iss"] !== iss) return false;
  if (Object.hasOwn(payload, "aud")) {
    const given = payload["aud"];
    if (given !== aud && !(Array.isArray(given) && given.includes(aud))) return false;
  } else if (aud !== "") return false;
  const seconds = timeNs / 1e9;
  const bound = (name: "exp" | "nbf"): number | undefined => {
    if (!Object.hasOwn(payload, name)) return undefined;
    const value = numberOf(payload[name]);
    if (value === undefined) throw new Error(`${name} value must be a number`);
    return value;
  };
  const exp = bound("exp");
  if (exp !== undefined && seconds >= exp) return false;
  const nbf = bound("nbf");
  return nbf === undefined || seconds >= nbf;
}

// ── signing ──

export function encodeSign(header: unknown, payload: unknown, key: unknown): string {
  return encodeSignText(printGoJson(header), printGoJson(payload), printGoJson(key));
}

export function encodeSignRaw(header: unknown, payload: unknown, key: unknown): string {
  const keyText = expectString(key, 3);
  return encodeSignText(expectString(header, 1), expectString(payload, 2), keyText);
}

function encodeSignText(header: string, payload: string, keyText: string): string {
  const key = signingKey(keyText);
  expectSize(header, PAYLOAD_BYTES_MAX, "the header");
  expectSize(payload, PAYLOAD_BYTES_MAX, "the payload");
  const fields = headerFields(header);
  const alg = fields["alg"];
  if (!Object.hasOwn(fields, "alg")) throw new Error(`missing or invalid 'alg' header: jwsbb: header "alg" not found`);
  if (typeof alg !== "string") throw new Error("missing or invalid 'alg' header: must be a string");
  if (!ALGORITHMS.has(alg)) throw new Error(`unknown JWS algorithm: ${alg}`);
  const isJwt = typeof fields["typ"] !== "string" || fields["typ"] === "JWT";
  if (isJwt && !isJsonText(payload)) throw new Error("type is JWT but payload is not JSON");
  const input = `${Buffer.from(header).toString("base64url")}.${Buffer.from(payload).toString("base64url")}`;
  return `${input}.${signToken(alg, key, Buffer.from(input)).toString("base64url")}`;
}

function headerFields(text: string): JsonObject {
  const place = "missing or invalid 'alg' header: cannot parse JSON";
  if (text === "") throw new Error(`${place}: cannot parse empty string`);
  let value: unknown;
  try {
    value = parseJsonExact(text);
  } catch (error) {
    throw new Error(`${place}: ${(error as Error).message}`);
  }
  if (!isJsonObject(value)) throw new Error(`${place}: not an object`);
  return value;
}
