/** Private keys in PEM: as a JWK, as Go's structures, and paired with their certificates. */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { decodeBase64 } from "../base64.ts";
import { expectSize, expectString } from "../operands.ts";
import { readPemBlocks } from "../pem.ts";
import { readCertificates } from "./certificate-text.ts";

const KEY_BYTES_MAX = 256 * 1024;
const KINDS: Readonly<Record<string, "pkcs1" | "pkcs8" | "sec1">> = {
  "RSA PRIVATE KEY": "pkcs1",
  "PRIVATE KEY": "pkcs8",
  "EC PRIVATE KEY": "sec1",
};

/** Of PEM, or of base64 of it; what is neither has no keys. */
function keysOf(text: string): readonly KeyObject[] {
  return readPemBlocks(tryBase64(text) ?? text).flatMap(({ type, bytes }) => {
    const kind = Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
    return kind === undefined ? [] : [createPrivateKey({ key: bytes, format: "der", type: kind })];
  });
}

function tryBase64(text: string): string | undefined {
  try {
    return decodeBase64(text).toString();
  } catch {
    return undefined;
  }
}

/** The first key as a JWK; null where there is none. */
export function parseRsaPrivateKey(value: unknown): unknown {
  const text = expectSize(expectString(value, 1), KEY_BYTES_MAX, "the key");
  if (text === "") throw new Error("input PEM data was empty");
  const [key] = keysOf(text.startsWith("-----BEGIN") ? text : decodeBase64(text).toString());
  return key === undefined ? null : key.export({ format: "jwk" });
}

/** Every key with the numbers of Go's structures; null for an empty text. */
export function parsePrivateKeys(value: unknown): unknown {
  const text = expectSize(expectString(value, 1), KEY_BYTES_MAX, "the keys");
  return text === "" ? null : keysOf(text).map(keyFields);
}

const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;

function keyFields(key: KeyObject): unknown {
  const jwk = key.export({ format: "jwk" }) as { readonly [name: string]: unknown };
  const bytes = (name: string) => Buffer.from(String(jwk[name]), "base64url");
  const number = (name: string) => rawJson(BigInt(`0x${bytes(name).toString("hex")}`).toString());
  if (jwk["kty"] === "RSA") {
    const precomputed = { Dp: number("dp"), Dq: number("dq"), Qinv: number("qi"), CRTValues: [] };
    return {
      N: number("n"),
      E: number("e"),
      D: number("d"),
      Primes: [number("p"), number("q")],
      Precomputed: precomputed,
    };
  }
  if (jwk["kty"] === "EC") return { Curve: {}, X: number("x"), Y: number("y"), D: number("d") };
  return Buffer.concat([bytes("d"), bytes("x")]).toString("base64");
}

/** A certificate chain and the key of its first certificate, as Go's tls.Certificate. */
export function parseKeyPair(certificates: unknown, keyText: unknown): object {
  const chain = readCertificates(certificates).map(({ raw }) => raw);
  const [key] = keysOf(expectSize(expectString(keyText, 2), KEY_BYTES_MAX, "the key"));
  const leaf = chain[0];
  if (key === undefined || leaf === undefined) throw new Error("failed to find a key or a certificate in PEM");
  if (!new X509Certificate(leaf).checkPrivateKey(key)) {
    throw new Error("tls: private key does not match public key");
  }
  return {
    Certificate: chain.map((bytes) => bytes.toString("base64")),
    PrivateKey: keyFields(key),
    SupportedSignatureAlgorithms: null,
    OCSPStaple: null,
    SignedCertificateTimestamps: null,
    Leaf: null,
  };
}
