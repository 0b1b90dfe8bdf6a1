/** Signatures of tokens by their algorithm (RFC 7518 §3, RFC 8037). */
import { constants, createHmac, type KeyObject, sign, timingSafeEqual, verify } from "node:crypto";

/** How strictly the form of a signature is held to RFC 7518: OPA's `verify_…` and its `decode_verify` differ. */
export type Form = "exact" | "lax";

/** A false is as good as a wrong key or a malformed signature: none of them proves anything. */
export function isSigned(
  alg: string,
  key: KeyObject | undefined,
  input: Buffer,
  signature: Buffer,
  form: Form,
): boolean {
  const hash = `sha${alg.slice(2)}`;
  if (key === undefined) return false;
  try {
    switch (alg.slice(0, 2)) {
      case "HS":
        return key.type === "secret" && isEqual(createHmac(hash, key).update(input).digest(), signature);
      case "RS":
        return key.asymmetricKeyType === "rsa" && verify(hash, input, key, signature);
      case "PS":
        return isRsa(key) && verify(hash, input, { key, ...(form === "exact" ? PSS_OWN : PSS_ANY) }, signature);
      case "ES":
        return key.asymmetricKeyType === "ec" && isSignedByCurve(hash, key, input, signature, form);
      default:
        return alg === "EdDSA" && key.asymmetricKeyType === "ed25519" && verify(null, input, key, signature);
    }
  } catch {
    return false;
  }
}

/** Two numbers of the curve's size; laxly, of any size that makes two halves. */
function isSignedByCurve(hash: string, key: KeyObject, input: Buffer, signature: Buffer, form: Form): boolean {
  const size = CURVE_BYTES[key.asymmetricKeyDetails?.namedCurve ?? ""] ?? 0;
  if (form === "exact") {
    return signature.length === 2 * size && verify(hash, input, { key, dsaEncoding: "ieee-p1363" }, signature);
  }
  const half = Math.floor(signature.length / 2);
  const parts = [fitted(signature.subarray(0, half), size), fitted(signature.subarray(half), size)];
  if (parts[0] === undefined || parts[1] === undefined) return false;
  return verify(hash, input, { key, dsaEncoding: "ieee-p1363" }, Buffer.concat([parts[0], parts[1]]));
}

/** The number in `size` bytes; undefined where it does not fit. */
function fitted(bytes: Buffer, size: number): Buffer | undefined {
  let start = 0;
  while (start < bytes.length && bytes[start] === 0) start++;
  const digits = bytes.subarray(start);
  return digits.length > size ? undefined : Buffer.concat([Buffer.alloc(size - digits.length), digits]);
}

const CURVE_BYTES: Readonly<Record<string, number>> = {
  secp224r1: 28,
  prime256v1: 32,
  secp384r1: 48,
  secp521r1: 66,
};
const PSS_ANY = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
const PSS_OWN = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };

function isRsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === "rsa" || key.asymmetricKeyType === "rsa-pss";
}

function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Throws where the key is of another kind than the algorithm wants. */
export function signToken(alg: string, key: KeyObject | undefined, input: Buffer): Buffer {
  if (key === undefined) throw new Error("a key without its private part cannot sign");
  const hash = `sha${alg.slice(2)}`;
  const type = key.asymmetricKeyType ?? key.type;
  switch (alg.slice(0, 2)) {
    case "HS":
      if (key.type === "secret") return createHmac(hash, key).update(input).digest();
      break;
    case "RS":
      if (type === "rsa") return sign(hash, input, key);
      break;
    case "PS":
      if (isRsa(key)) return sign(hash, input, { key, ...PSS_OWN });
      break;
    case "ES":
      if (type === "ec") return sign(hash, input, { key, dsaEncoding: "ieee-p1363" });
      break;
    default:
      if (type === "ed25519") return sign(null, input, key);
  }
  throw new Error(`a key of type ${type} cannot sign with ${alg}`);
}
