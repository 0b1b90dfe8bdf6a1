/** Signatures of tokens by their algorithm (RFC 7518 §3, RFC 8037). */
import { constants, createHmac, type KeyObject, sign, timingSafeEqual, verify } from "node:crypto";

/** A false is as good as a wrong key or a malformed signature: none of them proves anything. */
export function isSigned(alg: string, key: KeyObject, input: Buffer, signature: Buffer): boolean {
  const hash = `sha${alg.slice(2)}`;
  try {
    switch (alg.slice(0, 2)) {
      case "HS":
        return key.type === "secret" && isEqual(createHmac(hash, key).update(input).digest(), signature);
      case "RS":
        return key.asymmetricKeyType === "rsa" && verify(hash, input, key, signature);
      case "PS":
        return isRsa(key) && verify(hash, input, { key, ...PSS_ANY }, signature);
      case "ES":
        return key.asymmetricKeyType === "ec" && verify(hash, input, { key, dsaEncoding: "ieee-p1363" }, signature);
      default:
        return alg === "EdDSA" && key.asymmetricKeyType === "ed25519" && verify(null, input, key, signature);
    }
  } catch {
    return false;
  }
}

const PSS_ANY = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
const PSS_OWN = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
const CURVES: Readonly<Record<string, string>> = { ES256: "prime256v1", ES384: "secp384r1", ES512: "secp521r1" };

function isRsa(key: KeyObject): boolean {
  return key.asymmetricKeyType === "rsa" || key.asymmetricKeyType === "rsa-pss";
}

export function isEqual(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Throws where the key is of another kind than the algorithm wants. */
export function signToken(alg: string, key: KeyObject, input: Buffer): Buffer {
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
      if (key.asymmetricKeyDetails?.namedCurve === CURVES[alg])
        return sign(hash, input, { key, dsaEncoding: "ieee-p1363" });
      break;
    default:
      if (type === "ed25519") return sign(null, input, key);
  }
  throw new Error(`a key of type ${type} cannot sign with ${alg}`);
}
