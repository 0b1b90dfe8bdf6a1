/** Reading DER (X.690): definite lengths only, every length checked against what there is. */

export type DerNode = {
  readonly tag: number;
  /** Contents. */
  readonly bytes: Buffer;
  /** Tag, length and contents. */
  readonly raw: Buffer;
};

export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

const CHILDREN_MAX = 4096;

export class DerError extends Error {
  override readonly name = "DerError";
}

/** The node at the begin of the bytes. */
export function readDer(bytes: Buffer, at = 0): DerNode {
  const tag = bytes[at];
  const first = bytes[at + 1];
  if (tag === undefined || first === undefined) throw new DerError("data is cut off");
  if ((tag & 0x1f) === 0x1f) throw new DerError("tags of several bytes are not known here");
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw new DerError("length is malformed");
    if (start + count > bytes.length) throw new DerError("data is cut off");
    length = bytes.readUIntBE(start, count);
    if (length < 0x80 || bytes[start] === 0) throw new DerError("length is not minimal");
    start += count;
  }
  const end = start + length;
  if (end > bytes.length) throw new DerError("data is cut off");
  return { tag, bytes: bytes.subarray(start, end), raw: bytes.subarray(at, end) };
}

/** The only node of the bytes. */
export function readWhole(bytes: Buffer): DerNode {
  const node = readDer(bytes);
  if (node.raw.length !== bytes.length) throw new DerError("trailing data");
  return node;
}

export function childrenOf(node: DerNode): readonly DerNode[] {
  const children: DerNode[] = [];
  for (let at = 0; at < node.bytes.length; ) {
    if (children.length === CHILDREN_MAX) throw new DerError(`more than ${CHILDREN_MAX} elements`);
    const child = readDer(node.bytes, at);
    children.push(child);
    at += child.raw.length;
  }
  return children;
}

export function expectTag(node: DerNode | undefined, tag: number): DerNode {
  if (node === undefined || node.tag !== tag) throw new DerError(`tag 0x${tag.toString(16)} is missing`);
  return node;
}

export function oidOf(node: DerNode): string {
  return arcsOf(node).join(".");
}

export function arcsOf(node: DerNode): readonly number[] {
  expectTag(node, TAG.oid);
  const arcs: number[] = [];
  let value = 0;
  for (const byte of node.bytes) {
    value = value * 128 + (byte & 0x7f);
    if (value > Number.MAX_SAFE_INTEGER) throw new DerError("object identifier is too large");
    if (byte >= 0x80) continue;
    if (arcs.length === 0) {
      const root = Math.min(2, Math.floor(value / 40));
      arcs.push(root, value - root * 40);
    } else arcs.push(value);
    value = 0;
  }
  return arcs;
}

export function integerOf(node: DerNode): bigint {
  expectTag(node, TAG.integer);
  return node.bytes.length === 0 ? 0n : BigInt.asIntN(node.bytes.length * 8, BigInt(`0x${node.bytes.toString("hex")}`));
}

/** The bits, without the byte that says how many are unused. */
export function bitsOf(node: DerNode): Buffer {
  return expectTag(node, TAG.bitString).bytes.subarray(1);
}

export function stringOf(node: DerNode): string {
  if (node.tag === TAG.bmpString) return Buffer.from(node.bytes).swap16().toString("utf16le");
  return node.bytes.toString();
}

/** RFC 3339 in UTC, as Go prints a time. */
export function timeOf(node: DerNode): string {
  const text = node.bytes.toString("latin1");
  const isShort = node.tag === TAG.utcTime;
  const found = /^(\d{2}|\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/.exec(text);
  if (found === null || (found[1] as string).length !== (isShort ? 2 : 4)) throw new DerError("time is malformed");
  const [, written, ...rest] = found as unknown as readonly string[];
  const century = isShort ? (Number(written) >= 50 ? "19" : "20") : "";
  const [month, day, hour, minute, second] = rest;
  return `${century}${written}-${month}-${day}T${hour}:${minute}:${second}Z`;
}
