/** Signatures of certificates: their algorithms by Go's numbers, and which of them prove anything. */
import { constants, type KeyObject, verify } from "node:crypto";
import { contextOf, DerError, DerReader, TAG } from "./der.ts";
import { KEY, type PublicKey } from "./public-key.ts";

type Algorithm = { readonly number: number; readonly key: number; readonly hash: string | null; readonly isPss?: true };

/** By object identifier; several may share a number. A hash of undefined strength proves nothing, and is not looked at. */
const ALGORITHMS: Readonly<Record<string, Algorithm>> = {
  "1.2.840.113549.1.1.4": { number: 2, key: KEY.rsa, hash: "md5" },
  "1.2.840.113549.1.1.5": { number: 3, key: KEY.rsa, hash: "sha1" },
  "1.3.14.3.2.29": { number: 3, key: KEY.rsa, hash: "sha1" },
  "1.2.840.113549.1.1.11": { number: 4, key: KEY.rsa, hash: "sha256" },
  "1.2.840.113549.1.1.12": { number: 5, key: KEY.rsa, hash: "sha384" },
  "1.2.840.113549.1.1.13": { number: 6, key: KEY.rsa, hash: "sha512" },
  "1.2.840.10040.4.3": { number: 7, key: KEY.dsa, hash: "sha1" },
  "2.16.840.1.101.3.4.3.2": { number: 8, key: KEY.dsa, hash: "sha256" },
  "1.2.840.10045.4.1": { number: 9, key: KEY.ecdsa, hash: "sha1" },
  "1.2.840.10045.4.3.2": { number: 10, key: KEY.ecdsa, hash: "sha256" },
  "1.2.840.10045.4.3.3": { number: 11, key: KEY.ecdsa, hash: "sha384" },
  "1.2.840.10045.4.3.4": { number: 12, key: KEY.ecdsa, hash: "sha512" },
  "1.3.101.112": { number: 16, key: KEY.ed25519, hash: null },
};

const PSS: Readonly<Record<string, Algorithm & { readonly salt: bigint }>> = {
  "2.16.840.1.101.3.4.2.1": { number: 13, key: KEY.rsa, hash: "sha256", isPss: true, salt: 32n },
  "2.16.840.1.101.3.4.2.2": { number: 14, key: KEY.rsa, hash: "sha384", isPss: true, salt: 48n },
  "2.16.840.1.101.3.4.2.3": { number: 15, key: KEY.rsa, hash: "sha512", isPss: true, salt: 64n },
};

const BROKEN = new Set(["md5", "sha1"]);

/** What an AlgorithmIdentifier's contents say; undefined for what Go does not know. */
export function readAlgorithm(contents: Buffer): Algorithm | undefined {
  const der = new DerReader(contents);
  const oid = der.oid("x509: malformed OID").join(".");
  const parameters = der.isEmpty ? undefined : der.any("x509: malformed parameters");
  if (oid === "1.2.840.113549.1.1.10") return readPss(parameters?.raw);
  if (oid === "1.3.101.112" && parameters !== undefined) return undefined;
  return ALGORITHMS[oid];
}

/** Hash and mask by the same function, a salt as long as it, the default trailer: others are not known. */
function readPss(raw: Buffer | undefined): Algorithm | undefined {
  if (raw === undefined) return undefined;
  try {
    const what = "";
    const der = new DerReader(raw).into(TAG.sequence, what);
    const hash = readHash(der.into(contextOf(0), what));
    const mask = der.into(contextOf(1), what).into(TAG.sequence, what);
    if (mask.oid(what).join(".") !== "1.2.840.113549.1.1.8") return undefined;
    const maskHash = readHash(mask);
    const salt = der.into(contextOf(2), what).integer(what);
    const trailer = der.isNext(contextOf(3)) ? der.into(contextOf(3), what).integer(what) : 1n;
    const found = hash === undefined ? undefined : PSS[hash];
    return hash === maskHash && trailer === 1n && found?.salt === salt ? found : undefined;
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

/** The identifier of a hash without parameters, or with NULL for them. */
function readHash(der: DerReader): string | undefined {
  const algorithm = der.into(TAG.sequence, "");
  const oid = algorithm.oid("").join(".");
  const parameters = algorithm.isEmpty ? "0500" : algorithm.any("").raw.toString("hex");
  return parameters === "0500" ? oid : undefined;
}

export type Signed = {
  readonly algorithm: Algorithm | undefined;
  readonly bytes: Buffer;
  readonly signature: Buffer;
};

/** Whether the key signed the bytes, with a hash that still proves it. */
export function isSignedWith({ algorithm, bytes, signature }: Signed, by: PublicKey): boolean {
  if (algorithm === undefined || by.key === undefined || algorithm.key !== by.algorithm) return false;
  const { hash, isPss } = algorithm;
  if (hash !== null && BROKEN.has(hash)) return false;
  const key: KeyObject = by.key;
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  try {
    return verify(hash, bytes, isPss === true ? { key, ...padding } : key, signature);
  } catch {
    return false;
  }
}
