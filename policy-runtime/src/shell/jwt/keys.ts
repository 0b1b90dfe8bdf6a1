/** Keys that verify or sign tokens: a PEM certificate or public key, a JWK or a set of them (RFC 7517). */
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type JsonWebKeyInput,
  type KeyObject,
  X509Certificate,
} from "node:crypto";
import { parseJsonExact } from "../../exact-json.ts";
import { isJsonObject, type JsonObject } from "../json-text.ts";
import { expectSize } from "../operands.ts";
import { readPem } from "../pem.ts";

export type VerificationKey = { readonly key: KeyObject; readonly alg: string; readonly kid: string };

export const ALGORITHMS: ReadonlySet<string> = new Set([
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
  ...["HS256", "HS384", "HS512", "EdDSA"],
]);

const KEY_BYTES_MAX = 256 * 1024;
const KEYS_MAX = 200;
/** A policy verifies every request with the same few. */
const SETS_MAX = 64;

/** The keys of a text, and the number of this version of them: no other text ever has it. */
export type KeySet = { readonly version: number; readonly keys: readonly VerificationKey[] };

/** Keys are parsed once for each text. */
export class KeySets {
  readonly #parsed = new Map<string, KeySet>();
  #versions = 0;

  /** Throws where the text holds no keys. */
  of(text: string): KeySet {
    const known = this.#parsed.get(text);
    if (known !== undefined) return known;
    const set = { version: ++this.#versions, keys: parseKeys(expectSize(text, KEY_BYTES_MAX, "the key")) };
    for (const oldest of this.#parsed.keys()) {
      if (this.#parsed.size < SETS_MAX) break;
      this.#parsed.delete(oldest);
    }
    this.#parsed.set(text, set);
    return set;
  }
}

function parseKeys(text: string): readonly VerificationKey[] {
  const block = readPem(text);
  if (block === undefined) return jwksOf(text).flatMap(keyOf);
  if (block.rest !== "") throw new Error("extra data after a PEM certificate block");
  const ofPem = (key: KeyObject): readonly VerificationKey[] => [{ key, alg: "", kid: "" }];
  if (block.type === "CERTIFICATE") {
    return attempt("failed to parse a PEM certificate", () => ofPem(new X509Certificate(block.bytes).publicKey));
  }
  if (block.type === "PUBLIC KEY") {
    const options = { key: block.bytes, format: "der", type: "spki" } as const;
    return attempt("failed to parse a PEM public key", () => ofPem(createPublicKey(options)));
  }
  throw new Error("failed to extract a Key from the PEM certificate");
}

function jwksOf(text: string): readonly JsonObject[] {
  const value = attempt("failed to parse a JWK key (set)", () => parseJsonExact(text));
  if (!isJsonObject(value)) throw new Error("failed to parse a JWK key (set): not an object");
  const keys = Object.hasOwn(value, "keys") ? value["keys"] : [value];
  if (!Array.isArray(keys) || !keys.every(isJsonObject)) {
    throw new Error("failed to parse a JWK key (set): keys must be an array of objects");
  }
  if (keys.length > KEYS_MAX) throw new Error(`failed to parse a JWK key (set): more than ${KEYS_MAX} keys`);
  return keys;
}

function keyOf(jwk: JsonObject): readonly VerificationKey[] {
  const text = (name: string) => (typeof jwk[name] === "string" ? (jwk[name] as string) : "");
  const alg = text("alg");
  const key = attempt("failed to parse a JWK key (set)", () => publicKeyOf(jwk));
  return alg !== "" && !ALGORITHMS.has(alg) ? [] : [{ key, alg, kid: text("kid") }];
}

function publicKeyOf(jwk: JsonObject): KeyObject {
  if (jwk["kty"] === "oct") return createSecretKey(Buffer.from(String(jwk["k"] ?? ""), "base64url"));
  return createPublicKey({ key: jwk as JsonWebKeyInput["key"], format: "jwk" });
}

/** The first key of a JWK or a set of them, to sign with. */
export function signingKey(text: string): KeyObject {
  const [jwk] = jwksOf(expectSize(text, KEY_BYTES_MAX, "the key"));
  if (jwk === undefined) throw new Error("no keys found in JWK set");
  if (jwk["kty"] === "oct") return publicKeyOf(jwk);
  return attempt("failed to parse a JWK key (set)", () =>
    createPrivateKey({ key: jwk as JsonWebKeyInput["key"], format: "jwk" }),
  );
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`);
  }
}
