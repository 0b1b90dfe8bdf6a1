/**
 * Signatures of snapshots: sixteen of a publication have one together, each is signed when the first of
 * its sixteen is sent, and the replicas of a workload are sent the same. A snapshot is issued anew after
 * half a day and its signer's certificate counts for weeks then, so that no signature grows old.
 */
import { randomBytes } from "node:crypto";
import { SALT_BYTES, signTogether } from "@regomesh/protocol";
import type { PackedSnapshot, Publication } from "../../distribution/release.ts";

export type Sign = (body: Uint8Array) => { readonly signature: Buffer; readonly signerPem: string };

type Signed = ReturnType<Sign>;

/** A salt and four levels of hashes beside a signature, 148 bytes, in place of 40 µs. */
const TOGETHER = 16;

/** Gives the signature of a snapshot, which it may share with others of its publication. */
export function makeSharedSigner(
  sign: Sign,
): (snapshot: PackedSnapshot, publication: Pick<Publication, "snapshots"> | undefined) => Signed {
  const signed = new WeakMap<PackedSnapshot, Signed>();
  /** Of those that are not signed yet; one that stays keeps none of those that went with it. */
  const groups = new WeakMap<PackedSnapshot, readonly WeakRef<PackedSnapshot>[]>();
  /** Those that another publication has had are signed, or in a group already. */
  const group = (publication: Pick<Publication, "snapshots">) => {
    const others = [...publication.snapshots.values()].filter((each) => !signed.has(each) && !groups.has(each));
    for (let at = 0; at < others.length; at += TOGETHER) {
      const together = others.slice(at, at + TOGETHER);
      const references = together.map((each) => new WeakRef(each));
      for (const each of together) groups.set(each, references);
    }
  };
  return (snapshot, publication) => {
    const known = signed.get(snapshot);
    if (known !== undefined) return known;
    if (publication !== undefined && !groups.has(snapshot)) group(publication);
    const together = groups.get(snapshot)?.flatMap((each) => each.deref() ?? []) ?? [snapshot];
    let signerPem = "";
    // All of them at once: to ask for each takes longer than to hash what it is for.
    const salts = randomBytes(SALT_BYTES * together.length);
    let [from, to] = [0, 0];
    const signatures = signTogether(
      together.map(({ body }) => body),
      (bytes) => {
        const one = sign(bytes);
        ({ signerPem } = one);
        return one.signature;
      },
      () => {
        [from, to] = [to, to + SALT_BYTES];
        return salts.subarray(from, to);
      },
    );
    for (const [at, each] of together.entries()) {
      const signature = signatures[at];
      if (signature !== undefined) signed.set(each, { signature, signerPem });
      groups.delete(each);
    }
    return signed.get(snapshot) ?? sign(snapshot.body);
  };
}
