/**
 * JSON web keys (RFC 7517) as OPA's library (jwx) takes them: a key of a set that is
 * malformed makes the whole set an error, so that no key is left out in silence.
 */
import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import { parseJsonExact } from "../../exact-json.ts";
import { decodeBase64, decodeBase64Url } from "../base64.ts";
import { isJsonObject, type JsonObject } from "../json-text.ts";
import { RSA_BITS_MIN } from "../x509/public-key.ts";

export type Jwk = {
  /** Undefined where the key says none. */
  readonly alg: string | undefined;
  readonly kid: string;
  /** Of what is private too, the public part; undefined for a kind that signs nothing (X25519). */
  readonly verifying: KeyObject | undefined;
  /** Undefined where there is only a public part. */
  readonly signing: KeyObject | undefined;
  readonly isPrivate: boolean;
};

const KEYS_MAX = 200;
const WRAPPING = ["A128", "A192", "A256"].flatMap((size) => [
  ...[`${size}KW`, `${size}GCMKW`, `${size}GCM`, `ECDH-ES+${size}KW`],
]);
/** Names that a key may give its algorithm; those that are for no signature are known, and used for nothing. */
const ALGORITHMS = new Set([
  ...["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "ES256K"],
  ...["HS256", "HS384", "HS512", "EdDSA", "Ed25519", "none", "dir", "ECDH-ES", "RSA1_5"],
  ...["RSA-OAEP", "RSA-OAEP-256", "RSA-OAEP-384", "RSA-OAEP-512", ...WRAPPING],
  ...["A128CBC-HS256", "A192CBC-HS384", "A256CBC-HS512"],
  ...["PBES2-HS256+A128KW", "PBES2-HS384+A192KW", "PBES2-HS512+A256KW"],
]);

/** Throws where the text is neither a key nor a set of them. */
export function parseJwks(text: string): readonly Jwk[] {
  const value = attempt(() => parseJsonExact(text));
  if (!isJsonObject(value)) throw problem("not an object");
  const keys = Object.hasOwn(value, "keys") ? value["keys"] : [value];
  if (!Array.isArray(keys)) throw problem(`failed to decode "keys": expected '['`);
  if (keys.length > KEYS_MAX) throw problem(`too many keys in "keys" array: max ${KEYS_MAX}`);
  return keys.map((key) => {
    if (!isJsonObject(key)) throw problem("a key is no object");
    return attempt(() => parseJwk(key));
  });
}

const problem = (what: string) => new Error(`failed to parse a JWK key (set): ${what}`);

function attempt<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw problem((error as Error).message);
  }
}

const TEXTS = ["kid", "use", "x5t", "x5t#S256", "x5u"];

function parseJwk(jwk: JsonObject): Jwk {
  const [kid] = TEXTS.map((name) => textOf(jwk, name) ?? "");
  const operations = jwk["key_ops"] ?? [];
  if (!Array.isArray(operations) || !operations.every((each) => typeof each === "string")) {
    throw new Error("failed to decode value for key key_ops");
  }
  const alg = Object.hasOwn(jwk, "alg") ? (textOf(jwk, "alg") ?? "") : undefined;
  if (alg !== undefined && !ALGORITHMS.has(alg)) throw new Error(`failed to decode value for key alg: ${alg}`);
  const isPrivate = Object.hasOwn(jwk, "d");
  const kty = textOf(jwk, "kty") ?? "";
  const read = Object.hasOwn(KINDS, kty) ? KINDS[kty] : undefined;
  if (read === undefined) throw new Error(`invalid key type from JSON (${kty})`);
  return { alg, kid: kid as string, isPrivate: isPrivate && kty !== "oct", ...read(jwk, isPrivate) };
}

/** Null is as good as absent. */
function textOf(jwk: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(jwk, name) ? jwk[name] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "string") throw new Error(`failed to decode value for key ${name}: not a string`);
  return value;
}

/** Bytes in either alphabet of base64, with its padding or without any. */
function bytesOf(jwk: JsonObject, name: string): Buffer | undefined {
  if (!Object.hasOwn(jwk, name)) return undefined;
  const text = textOf(jwk, name) ?? "";
  const isPadded = text.endsWith("=");
  if (!/[+/]/.test(text)) return decodeBase64Url(text);
  return decodeBase64(isPadded ? text : text + "=".repeat((4 - (text.length % 4)) % 4));
}

function neededBytes(jwk: JsonObject, name: string): Buffer {
  const bytes = bytesOf(jwk, name);
  if (bytes === undefined || bytes.length === 0) throw new Error(`required field ${name} is missing`);
  return bytes;
}

type Keys = Pick<Jwk, "verifying" | "signing">;

const KINDS: Readonly<Record<string, (jwk: JsonObject, isPrivate: boolean) => Keys>> = {
  RSA: readRsa,
  EC: readEc,
  OKP: readOkp,
  oct: (jwk) => {
    const secret = createSecretKey(neededBytes(jwk, "k"));
    return { verifying: secret, signing: secret };
  },
};

/** Both halves of a key in the form that node:crypto takes. */
function toKeys(fields: Readonly<Record<string, string>>, secret: Readonly<Record<string, string>> | undefined): Keys {
  return {
    verifying: createPublicKey({ key: fields, format: "jwk" }),
    signing: secret === undefined ? undefined : createPrivateKey({ key: { ...fields, ...secret }, format: "jwk" }),
  };
}

function readRsa(jwk: JsonObject, isPrivate: boolean): Keys {
  const [n, e] = [neededBytes(jwk, "n"), neededBytes(jwk, "e")].map((bytes) =>
    BigInt(`0x${bytes.toString("hex")}`),
  ) as [bigint, bigint];
  if ((e & 1n) === 0n || e >= 2n ** 63n) throw new Error("invalid rsa public exponent");
  const fields = {
    kty: "RSA",
    n: neededBytes(jwk, "n").toString("base64url"),
    e: neededBytes(jwk, "e").toString("base64url"),
  };
  // Go takes weaker keys, and then neither signs nor verifies with them.
  const isUsable = n.toString(2).length >= RSA_BITS_MIN && (n & 1n) === 1n && e > 1n && e < 2n ** 31n;
  if (!isPrivate) return isUsable ? toKeys(fields, undefined) : { verifying: undefined, signing: undefined };
  const secret = Object.fromEntries(
    ["d", "p", "q", "dp", "dq", "qi"].map((name) => [name, neededBytes(jwk, name).toString("base64url")]),
  );
  return isUsable ? toKeys(fields, secret) : { verifying: undefined, signing: undefined };
}

const CURVE_BYTES: Readonly<Record<string, number>> = { "P-256": 32, "P-384": 48, "P-521": 66 };

function readEc(jwk: JsonObject, isPrivate: boolean): Keys {
  const crv = textOf(jwk, "crv") ?? "";
  const size = Object.hasOwn(CURVE_BYTES, crv) ? CURVE_BYTES[crv] : undefined;
  if (size === undefined) throw new Error(`invalid curve algorithm "${crv}"`);
  const coordinate = (name: string) => {
    const bytes = neededBytes(jwk, name);
    if (bytes.length !== size) throw new Error(`invalid "${name}" length (${bytes.length}) for curve "${crv}"`);
    return bytes.toString("base64url");
  };
  const fields = { kty: "EC", crv, x: coordinate("x"), y: coordinate("y") };
  return toKeys(fields, isPrivate ? { d: coordinate("d") } : undefined);
}

const OKP_BYTES = 32;

function readOkp(jwk: JsonObject, isPrivate: boolean): Keys {
  const crv = textOf(jwk, "crv") ?? "";
  if (crv !== "Ed25519" && crv !== "X25519") throw new Error(`invalid curve algorithm ${crv}`);
  const part = (name: string) => {
    const bytes = neededBytes(jwk, name);
    if (bytes.length !== OKP_BYTES) throw new Error(`${crv}: wrong key size`);
    return bytes.toString("base64url");
  };
  const keys = toKeys({ kty: "OKP", crv, x: part("x") }, isPrivate ? { d: part("d") } : undefined);
  return crv === "Ed25519" ? keys : { verifying: undefined, signing: undefined };
}
