/** Keys that verify tokens: a PEM certificate or public key, a JWK or a set of them. */
import type { KeyObject } from "node:crypto";
import { expectSize } from "../operands.ts";
import { readPem } from "../pem.ts";
import { parseCertificates } from "../x509/certificate.ts";
import { DerReader } from "../x509/der.ts";
import { readPublicKey } from "../x509/public-key.ts";
import { parseJwks } from "./jwk.ts";

export type VerificationKey = {
  /** Undefined for a key that proves nothing: too short, or of a kind that signs nothing. */
  readonly key: KeyObject | undefined;
  /** It came with its private part. */
  readonly isPrivate: boolean;
  readonly alg: string;
  readonly kid: string;
};

export const ALGORITHMS: ReadonlySet<string> = new Set([
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"],
  ...["HS256", "HS384", "HS512", "EdDSA"],
]);

const KEY_BYTES_MAX = 256 * 1024;
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
  if (block === undefined) {
    return parseJwks(text).flatMap(({ alg = "", kid, verifying, isPrivate }) =>
      alg !== "" && !ALGORITHMS.has(alg) ? [] : [{ key: verifying, isPrivate, alg, kid }],
    );
  }
  if (block.rest !== "") throw new Error("extra data after a PEM certificate block");
  const ofPem = (key: KeyObject | undefined) => [{ key, isPrivate: false, alg: "", kid: "" }];
  if (block.type === "CERTIFICATE") return ofPem(certificateKey(block.bytes));
  if (block.type === "PUBLIC KEY") return ofPem(publicKey(block.bytes));
  throw new Error("failed to extract a Key from the PEM certificate");
}

function certificateKey(bytes: Buffer): KeyObject | undefined {
  const what = "failed to parse a PEM certificate";
  const [certificate, other] = attempt(what, () => parseCertificates(bytes));
  if (certificate === undefined || other !== undefined) throw new Error(`${what}: x509: trailing data`);
  return certificate.publicKey.key;
}

function publicKey(bytes: Buffer): KeyObject | undefined {
  const what = "failed to parse a PEM public key";
  const { json, key } = attempt(what, () => {
    const der = new DerReader(bytes);
    const { raw } = der.any("x509: malformed spki");
    if (!der.isEmpty) throw new Error("x509: trailing data after ASN.1 of public-key");
    return readPublicKey(raw);
  });
  if (json === null) throw new Error(`${what}: x509: unknown public key algorithm`);
  return key;
}

function attempt<T>(what: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`);
  }
}
