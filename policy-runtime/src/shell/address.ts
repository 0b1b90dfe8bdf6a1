/** IP addresses as bytes and as Go's net.IP prints them. */
import { isIPv4, isIPv6 } from "node:net";

/** Four or sixteen bytes; undefined for what is no address (a zone is none). */
export function parseAddress(text: string): Buffer | undefined {
  if (isIPv4(text)) return Buffer.from(text.split(".").map(Number));
  if (!isIPv6(text) || text.includes("%")) return undefined;
  const tail = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(text);
  const groups = tail === null ? text : `${tail[1]}${groupsOf((tail[2] as string).split(".").map(Number))}`;
  const [front = "", back] = groups.split("::");
  const words = (part: string) => (part === "" ? [] : part.split(":").map((word) => Number.parseInt(word, 16)));
  const before = words(front);
  const after = back === undefined ? [] : words(back);
  const bytes = Buffer.alloc(16);
  before.forEach((word, i) => {
    bytes.writeUInt16BE(word, i * 2);
  });
  after.forEach((word, i) => {
    bytes.writeUInt16BE(word, 16 - (after.length - i) * 2);
  });
  return bytes;
}

function groupsOf([a = 0, b = 0, c = 0, d = 0]: readonly number[]): string {
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
}

const MAPPED = Buffer.from("00000000000000000000ffff", "hex");

/** An IPv4 address also where it stands in an IPv6 one (::ffff:0:0/96). */
export function unmapped(address: Buffer): Buffer {
  return address.length === 16 && address.subarray(0, 12).equals(MAPPED) ? address.subarray(12) : address;
}

/** As Go's net.IP prints four or sixteen bytes. */
export function printAddress(address: Buffer): string {
  const bytes = unmapped(address);
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(i * 2).toString(16));
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
