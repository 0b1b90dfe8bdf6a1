/** The proxy's own key, and the request that has it certified: ECDSA P-256, PKCS#10 with no name in it. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from "node:crypto";

export function makeKeyPem(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return String(privateKey.export({ type: "pkcs8", format: "pem" }));
}

const SEQUENCE = 0x30;
const BIT_STRING = 0x03;
const VERSION_0 = Buffer.of(0x02, 0x01, 0x00);
const NO_NAME = Buffer.of(SEQUENCE, 0x00);
const NO_ATTRIBUTES = Buffer.of(0xa0, 0x00);
/** SEQUENCE { OID 1.2.840.10045.4.3.2 }, ecdsa-with-SHA256. */
const ECDSA_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");

/** RFC 2986, section 4. The authority reads nothing of it but the key, so it says nothing else. */
export function encodeCsr(keyPem: string): Buffer {
  const key = createPrivateKey(keyPem);
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" });
  const info = tlv(SEQUENCE, VERSION_0, NO_NAME, publicKey, NO_ATTRIBUTES);
  const signature = sign("sha256", info, key);
  return tlv(SEQUENCE, info, ECDSA_SHA256, tlv(BIT_STRING, Buffer.of(0), signature));
}

/** Tag, length and value in DER; values here stay below 64 KiB. */
function tlv(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const value = Buffer.concat(parts);
  const { length } = value;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), value]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), value]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), value]);
}
