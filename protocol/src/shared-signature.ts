/**
 * One signature for several bodies: what is signed is the root of a hash tree whose leaves they are
 * (as RFC 9162 §2.1: a leaf is hashed behind another byte than a node, so that neither is taken for the
 * other), and with each body go the hashes that lie beside its way to the root. Whoever has body,
 * way and signature knows that the signer has signed this body. Of the others it learns nothing: each is
 * hashed behind a salt that goes with it alone (as digests of RFC 9901 are), or whoever guesses one could tell by its hash.
 *
 *     signature of one body:  r||s
 *     of one of several:      r||s, 16 bytes of salt, then for each level, from the leaf: side (0x00: what lies
 *                             beside is to the right, 0x01: to the left), 32 bytes of sha256
 *
 *     leaf: sha256(0x02, salt, body)   node: sha256(0x01, left, right)
 *
 * An earlier version had no salt, and leaves sha256(0x00, body): what a proxy has kept is still read so.
 */
import { hash as hashOf } from "node:crypto";

/** ECDSA P-256, raw. */
const SIGNATURE_BYTES = 64;
/** As much as nobody tries through. */
export const SALT_BYTES = 16;
const LEVEL_BYTES = 33;
/** Bodies that share a signature are 1024 at most: no more levels are believed. */
const LEVELS_MAX = 10;
const RIGHT = 0x00;
const LEFT = 0x01;
/** No body begins so: they are JSON. */
const ROOT_SAYS = Buffer.from("regomesh snapshots\0", "latin1");

/**
 * Signs bodies together. `sign` is asked once; alone a body is signed as it is. `salt` gives SALT_BYTES that nobody
 * knows, others each time. Gives the signatures in their order.
 */
export function signTogether(
  bodies: readonly Uint8Array[],
  sign: (bytes: Uint8Array) => Uint8Array,
  salt: () => Uint8Array,
): readonly Buffer[] {
  const [only] = bodies;
  if (only !== undefined && bodies.length === 1) return [Buffer.from(sign(only))];
  if (bodies.length > 2 ** LEVELS_MAX) throw new Error(`${bodies.length} bodies are too many for one signature`);
  const ways: Uint8Array[][] = bodies.map(() => [salt()]);
  let level = bodies.map((body, at) => ({ hash: saltedLeafOf(ways[at]?.[0], body), first: at, end: at + 1 }));
  while (level.length > 1) {
    const next: typeof level = [];
    for (let at = 0; at < level.length; at += 2) {
      const [left, right] = [level[at], level[at + 1]];
      if (left === undefined) continue;
      if (right === undefined) {
        next.push(left);
        continue;
      }
      for (let leaf = left.first; leaf < left.end; leaf++) ways[leaf]?.push(Buffer.of(RIGHT), right.hash);
      for (let leaf = right.first; leaf < right.end; leaf++) ways[leaf]?.push(Buffer.of(LEFT), left.hash);
      next.push({ hash: nodeOf(left.hash, right.hash), first: left.first, end: right.end });
    }
    level = next;
  }
  const [root] = level;
  if (root === undefined) return [];
  const signature = sign(Buffer.concat([ROOT_SAYS, root.hash]));
  return ways.map((way) => Buffer.concat([signature, ...way]));
}

/** What the signer has signed if the signature is one of this body, and the signature as the key gave it; undefined where it has no such form. */
export function readSignature(
  body: Uint8Array,
  signature: Uint8Array,
): { readonly signed: Uint8Array; readonly signature: Uint8Array } | undefined {
  const own = signature.subarray(0, SIGNATURE_BYTES);
  const rest = signature.subarray(SIGNATURE_BYTES);
  if (rest.length === 0) return { signed: body, signature: own };
  const isSalted = rest.length % LEVEL_BYTES === SALT_BYTES;
  const way = isSalted ? rest.subarray(SALT_BYTES) : rest;
  if (way.length === 0 || way.length % LEVEL_BYTES !== 0 || way.length > LEVELS_MAX * LEVEL_BYTES) return undefined;
  let hash = isSalted ? saltedLeafOf(rest.subarray(0, SALT_BYTES), body) : leafOf(body);
  for (let at = 0; at < way.length; at += LEVEL_BYTES) {
    const beside = way.subarray(at + 1, at + LEVEL_BYTES);
    const side = way[at];
    if (side !== LEFT && side !== RIGHT) return undefined;
    hash = side === LEFT ? nodeOf(beside, hash) : nodeOf(hash, beside);
  }
  return { signed: Buffer.concat([ROOT_SAYS, hash]), signature: own };
}

function saltedLeafOf(salt: Uint8Array = Buffer.of(), body: Uint8Array): Buffer {
  return sha256(Buffer.of(0x02), salt, body);
}

function leafOf(body: Uint8Array): Buffer {
  return sha256(Buffer.of(0x00), body);
}

function nodeOf(left: Uint8Array, right: Uint8Array): Buffer {
  return sha256(Buffer.of(0x01), left, right);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  return hashOf("sha256", Buffer.concat(parts), "buffer");
}
