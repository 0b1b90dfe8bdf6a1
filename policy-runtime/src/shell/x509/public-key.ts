/** Public keys of certificates: which Go takes, and what they print as. */
import { createPublicKey, type KeyObject } from "node:crypto";
import { exactInteger } from "../../exact-json.ts";
import { DerError, DerReader, rightAligned, TAG } from "./der.ts";

export type PublicKey = {
  /** Number of Go's x509.PublicKeyAlgorithm; 0: a kind that Go does not know. */
  readonly algorithm: number;
  /** Undefined for what cannot verify a signature here. */
  readonly key: KeyObject | undefined;
  /** Go's structure as JSON; null for an unknown kind. */
  readonly json: unknown;
};

export const KEY = { rsa: 1, dsa: 2, ecdsa: 3, ed25519: 4 } as const;

/** Bits under which Go refuses to verify with an RSA key. */
export const RSA_BITS_MIN = 1024;

const NAMED_CURVES: Readonly<Record<string, number>> = {
  "1.3.132.0.33": 28,
  "1.2.840.10045.3.1.7": 32,
  "1.3.132.0.34": 48,
  "1.3.132.0.35": 66,
};

type Parts = { readonly parameters: Buffer; readonly data: Buffer; readonly spki: Buffer };

/** Throws DerError where a key of a known kind is malformed. */
export function readPublicKey(spki: Buffer): PublicKey {
  const outer = new DerReader(spki).into(TAG.sequence, "x509: malformed spki");
  const algorithm = outer.into(TAG.sequence, "x509: malformed public key algorithm identifier");
  const oid = algorithm.oid("x509: malformed OID").join(".");
  const parameters = algorithm.isEmpty ? Buffer.alloc(0) : algorithm.any("x509: malformed parameters").raw;
  const data = rightAligned(outer.bits("x509: malformed subjectPublicKey"));
  return KINDS[oid]?.({ parameters, data, spki }) ?? { algorithm: 0, key: undefined, json: null };
}

const KINDS: Readonly<Record<string, (parts: Parts) => PublicKey>> = {
  "1.2.840.113549.1.1.1": readRsa,
  "1.2.840.10040.4.1": readDsa,
  "1.2.840.10045.2.1": readEc,
  "1.3.101.112": ({ parameters, data, spki }) => {
    if (parameters.length > 0) throw new DerError("x509: Ed25519 key encoded with illegal parameters");
    if (data.length !== 32) throw new DerError("x509: wrong Ed25519 public key size");
    return { algorithm: KEY.ed25519, key: toKey(spki), json: data.toString("base64") };
  },
  // Of no known algorithm's number: Go reads such a certificate without its key.
};

function readRsa({ parameters, data, spki }: Parts): PublicKey {
  if (parameters.toString("hex") !== "0500") throw new DerError("x509: RSA key missing NULL parameters");
  const der = new DerReader(data).into(TAG.sequence, "x509: invalid RSA public key");
  const n = der.integer("x509: invalid RSA modulus");
  const e = der.integer("x509: invalid RSA public exponent");
  if (BigInt.asIntN(64, e) !== e) throw new DerError("x509: invalid RSA public exponent");
  if (n <= 0n) throw new DerError("x509: RSA modulus is not a positive number");
  if (e <= 0n) throw new DerError("x509: RSA public exponent is not a positive number");
  const isUsable =
    n.toString(2).length >= RSA_BITS_MIN && (n & 1n) === 1n && (e & 1n) === 1n && e > 1n && e < 2n ** 31n;
  return {
    algorithm: KEY.rsa,
    key: isUsable ? toKey(spki) : undefined,
    json: { N: exactInteger(n), E: exactInteger(e) },
  };
}

function readDsa({ parameters, data }: Parts): PublicKey {
  const y = new DerReader(data).integer("x509: invalid DSA public key");
  const what = "x509: invalid DSA parameters";
  const der = new DerReader(parameters).into(TAG.sequence, what);
  const [p, q, g] = [der.integer(what), der.integer(what), der.integer(what)];
  if (y <= 0n || p <= 0n || q <= 0n || g <= 0n) throw new DerError("x509: zero or negative DSA parameter");
  // No certificate is verified with such a key any more.
  const json = { P: exactInteger(p), Q: exactInteger(q), G: exactInteger(g), Y: exactInteger(y) };
  return { algorithm: KEY.dsa, key: undefined, json };
}

function readEc({ parameters, data, spki }: Parts): PublicKey {
  const curve = new DerReader(parameters).oid("x509: invalid ECDSA parameters").join(".");
  const bytes = NAMED_CURVES[curve];
  if (bytes === undefined) throw new DerError("x509: unsupported elliptic curve");
  const key = toKey(spki);
  if (data.length !== 1 + 2 * bytes || data[0] !== 4 || key === undefined) {
    throw new DerError("x509: failed to unmarshal elliptic curve point");
  }
  const [x, y] = [data.subarray(1, 1 + bytes), data.subarray(1 + bytes)];
  const number = (part: Buffer) => exactInteger(BigInt(`0x${part.toString("hex")}`));
  return { algorithm: KEY.ecdsa, key, json: { Curve: {}, X: number(x), Y: number(y) } };
}

function toKey(spki: Buffer): KeyObject | undefined {
  try {
    return createPublicKey({ key: spki, format: "der", type: "spki" });
  } catch {
    return undefined;
  }
}
