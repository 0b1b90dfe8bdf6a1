/** Whether a snapshot is the mesh's own word: signed by the key that its root has certified for just that. */
import { verify, X509Certificate } from "node:crypto";
import { readSignature, snapshotSignerId } from "@regomesh/protocol";

export type SignedBody = {
  readonly body: Uint8Array;
  /** Raw r||s, and the body's way to the root where several share it. */
  readonly signature: Uint8Array;
  readonly signerPem: string;
};

/** What is wrong with the signature, or undefined. */
export function signatureFault(
  signed: SignedBody,
  trust: { readonly bundlePem: string; readonly trustDomain: string },
  nowMs: number,
): string | undefined {
  let signer: X509Certificate;
  let roots: readonly X509Certificate[];
  try {
    signer = new X509Certificate(signed.signerPem);
    roots = readBundle(trust.bundlePem);
  } catch (error) {
    return `the signer's certificate cannot be read: ${(error as Error).message}`;
  }
  if (signer.subjectAltName !== `URI:${snapshotSignerId(trust.trustDomain)}`)
    return "the signer is not the mesh's signer of snapshots";
  if (!roots.some((root) => signer.checkIssued(root) && signer.verify(root.publicKey))) {
    return "the signer's certificate is not of the mesh's root";
  }
  if (nowMs < signer.validFromDate.getTime() || nowMs > signer.validToDate.getTime())
    return "the signer's certificate is not valid now";
  const read = readSignature(signed.body, signed.signature);
  const key = { key: signer.publicKey, dsaEncoding: "ieee-p1363" } as const;
  const isSigned = read !== undefined && verify("sha256", read.signed, key, read.signature);
  return isSigned ? undefined : "the signature is not over this body";
}

function readBundle(pem: string): readonly X509Certificate[] {
  const found = pem.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return found.map((one) => new X509Certificate(one));
}
