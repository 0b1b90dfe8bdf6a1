/** io.jwt.verify_* and decode_verify. Checks follow OPA's tokens.go in their order, so that errors do too. */
import { createSecretKey, type KeyObject } from "node:crypto";
import { numberOf } from "../../exact-json.ts";
import { decodeBase64Url } from "../base64.ts";
import type { JsonObject } from "../json-text.ts";
import { expectNumber, expectObject, expectSize, expectString } from "../operands.ts";
import { ALGORITHMS, type KeySet, type KeySets, type VerificationKey } from "./keys.ts";
import { type Form, isSigned } from "./signature.ts";
import { decodeHeader, decodePayload, parseObject, splitToken, type Token } from "./token.ts";
import type { VerifiedTokens } from "./verified-tokens.ts";

const SECRET_BYTES_MAX = 64 * 1024;
/** Tokens within tokens. */
const NESTING_MAX = 8;

/** What verifications share. */
export type Verifier = { readonly keySets: KeySets; readonly verified: VerifiedTokens };

function signedBytes(token: Token): Buffer {
  return Buffer.from(`${token.header}.${token.payload}`);
}

/** `io.jwt.verify_rs256` and its like: `alg` is what the built-in is for, whatever the token says. */
export function verifyWithKeys(verifier: Verifier, alg: string): (jwt: unknown, keys: unknown) => boolean {
  return (jwt, keyText) => {
    const token = splitToken(jwt);
    const set = verifier.keySets.of(expectString(keyText, 2));
    const signature = decodeBase64Url(token.signature);
    return isSignedByAny(verifier, set, token, decodeHeader(token), { alg, form: "lax" }, signature);
  };
}

/** A key that the header names is the only one asked; otherwise all whose algorithm may be the header's. */
function isSignedByAny(
  { verified }: Verifier,
  { version, keys }: KeySet,
  token: Token,
  header: { readonly alg: string; readonly kid: string },
  { alg, form }: { readonly alg: string; readonly form: Form },
  signature: Buffer,
): boolean {
  return verified.isGood(version, `${alg} ${form}`, `${token.header}.${token.payload}.${token.signature}`, () => {
    // OPA's verify_… want a public key and nothing more.
    const isSignedBy = ({ key, isPrivate }: VerificationKey) =>
      !(form === "lax" && isPrivate) && isSigned(alg, key, signedBytes(token), signature, form);
    const named = header.kid === "" ? undefined : keys.find((key) => key.kid === header.kid);
    if (named !== undefined) return isSignedBy(named);
    return keys.some((key) => (key.alg === "" || key.alg === header.alg) && isSignedBy(key));
  });
}

/** A code by a secret is made as fast as a kept one is looked up, so none is kept. */
export function verifyWithSecret(alg: string): (jwt: unknown, secret: unknown) => boolean {
  return (jwt, secretText) => {
    const text = expectString(jwt, 1);
    const secret = secretKey(expectString(secretText, 2));
    const token = splitToken(text);
    return isSigned(alg, secret, signedBytes(token), decodeBase64Url(token.signature), "exact");
  };
}

function secretKey(text: string): KeyObject {
  return createSecretKey(Buffer.from(expectSize(text, SECRET_BYTES_MAX, "the secret")));
}

// ── decode_verify ──

type Constraints = {
  keys?: KeySet;
  secret: string;
  alg: string;
  iss: string;
  aud: string;
  /** Nanoseconds since 1970. */
  timeNs: number;
};

function readConstraints(keySets: KeySets, given: JsonObject, nowNs: unknown): Constraints {
  const constraints: Constraints = { secret: "", alg: "", iss: "", aud: "", timeNs: -1 };
  for (const [name, value] of Object.entries(given)) {
    if (name === "time") constraints.timeNs = readTime(value);
    else if (name === "cert" || name === "secret" || name === "alg" || name === "iss" || name === "aud") {
      if (typeof value !== "string") throw new Error(`${name} constraint: must be a string`);
      if (name === "cert") constraints.keys = keySets.of(value);
      else constraints[name] = value;
    } else throw new Error(`unknown token validation constraint: ${name}`);
  }
  if (constraints.timeNs === -1) constraints.timeNs = expectNumber(nowNs, 3);
  const sources = (constraints.keys === undefined ? 0 : 1) + (constraints.secret === "" ? 0 : 1);
  if (sources > 1) throw new Error("duplicate key constraints");
  if (sources < 1) throw new Error("no key constraint");
  return constraints;
}

function readTime(value: unknown): number {
  const time = numberOf(value);
  if (time === undefined) throw new Error("token time constraint: must be a number");
  if (time < 0) throw new Error("token time constraint: must not be negative");
  return time;
}

const UNVERIFIED = [false, {}, {}] as const;

/** `[valid, header, payload]` at the evaluation's time; a token that does not verify shows nothing of itself. */
export function decodeVerify(verifier: Verifier, jwt: unknown, given: unknown, nowNs: unknown): unknown {
  const constraints = readConstraints(verifier.keySets, expectObject(given, 2), nowNs);
  let text: unknown = jwt;
  for (let depth = 0; depth < NESTING_MAX; depth++) {
    const token = splitToken(text);
    const header = decodeHeader(token);
    if (!header.isValid || (constraints.alg !== "" && constraints.alg !== header.alg)) return UNVERIFIED;
    if (!isTokenSigned(verifier, token, header, constraints)) return UNVERIFIED;
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
  verifier: Verifier,
  token: Token,
  header: { readonly alg: string; readonly kid: string },
  { keys, secret }: Constraints,
): boolean {
  const signature = decodeBase64Url(token.signature);
  if (!ALGORITHMS.has(header.alg)) return false;
  if (keys !== undefined)
    return isSignedByAny(verifier, keys, token, header, { alg: header.alg, form: "exact" }, signature);
  return isSigned(header.alg, secretKey(secret), signedBytes(token), signature, "exact");
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
