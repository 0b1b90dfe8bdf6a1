/**
 * Certificate signing requests (PKCS#10, RFC 2986) as proxies send them. Of a request
 * only the key counts: its names and attributes are not read. Bounded before it is parsed.
 */
import { decodeDer, encodeDer, isSequence, OID, readBits, readOid } from "./der.ts";

const CSR_BYTES_MAX = 8192;

export type Csr = {
  /** SubjectPublicKeyInfo in DER, a P-256 key. */
  readonly publicKey: Uint8Array;
  /** The uncompressed point alone: what key ids are made of. */
  readonly point: Uint8Array;
  /** What was signed, and the signature in DER: the proof that the asker holds the key. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
};

export type CsrResult = { readonly csr: Csr } | { readonly fault: string };

export function decodeCsr(bytes: Uint8Array): CsrResult {
  if (bytes.length > CSR_BYTES_MAX) return { fault: `the CSR is longer than ${CSR_BYTES_MAX} bytes` };
  const root = decodeDer(bytes);
  if (!isSequence(root) || root.value.length !== 3) return { fault: "the CSR is not a PKCS#10 request in DER" };
  const [info, algorithm, signatureBits] = root.value;
  if (!isSequence(info) || info.value.length < 3) return { fault: "the CSR is not a PKCS#10 request in DER" };
  if (!isSequence(algorithm) || readOid(algorithm.value[0]) !== OID.ecdsaSha256) {
    return { fault: "the CSR is not signed by ECDSA with SHA-256" };
  }
  const key = decodePublicKey(info.value[2]);
  if (key === undefined) return { fault: "the CSR's key is not an ECDSA P-256 key" };
  const signature = readBits(signatureBits);
  if (signature === undefined) return { fault: "the CSR has no signature" };
  return { csr: { ...key, signed: encodeDer(info), signature } };
}

function decodePublicKey(value: Parameters<typeof isSequence>[0]): Pick<Csr, "publicKey" | "point"> | undefined {
  if (!isSequence(value) || value.value.length !== 2) return undefined;
  const [algorithm, point] = value.value;
  if (!isSequence(algorithm) || algorithm.value.length !== 2) return undefined;
  const [id, curve] = algorithm.value;
  if (readOid(id) !== OID.ecPublicKey || readOid(curve) !== OID.p256) return undefined;
  const bytes = readBits(point);
  if (bytes?.length !== 65 || bytes[0] !== 4) return undefined;
  return { publicKey: encodeDer(value), point: bytes };
}

/** The point of a P-256 key's SubjectPublicKeyInfo. */
export function pointOf(publicKey: Uint8Array): Uint8Array | undefined {
  return decodePublicKey(decodeDer(publicKey))?.point;
}
