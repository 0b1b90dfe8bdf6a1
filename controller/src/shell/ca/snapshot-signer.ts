/** Signs snapshots by a key that lives in this process alone and is replaced at half of its time. */
import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Clock } from "@regomesh/base";
import { type Authority, isHalfOver, type KeyAndChain, signSnapshot } from "./authority.ts";

export type SignSnapshot = (body: Uint8Array) => { readonly signature: Buffer; readonly signerPem: string };

/** `authority` gives undefined before it is open: then nothing is signed. */
export function makeSnapshotSigner(authority: () => Authority | undefined, clock: Clock): SignSnapshot {
  let signer: (KeyAndChain & { readonly key: KeyObject }) | undefined;
  return (body) => {
    const nowMs = clock.nowMs();
    if (signer === undefined || isHalfOver(signer, nowMs)) {
      const issued = authority()?.issueSnapshotSigner(nowMs);
      if (issued === undefined) throw new Error("there is no authority yet");
      // Read once: it signs an envelope for each proxy.
      signer = { ...issued, key: createPrivateKey(issued.keyPem) };
    }
    return { signature: signSnapshot(body, signer.key), signerPem: signer.chainPem };
  };
}
