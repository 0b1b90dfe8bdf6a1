/**
 * What an application is told of a client beyond the edge: X-Forwarded-For and
 * X-Forwarded-Proto are the edge's word. What the client says of itself in any X-Forwarded
 * field, Forwarded or X-Real-IP goes, unless the operator says that so many proxies of his
 * own stand before the edge: then the addresses that those have added stay, and theirs only,
 * with the protocol that the last of them names. Of other fields nobody could tell who said
 * them, a proxy or the client that it passed on.
 */
import { KnownField } from "@regomesh/policy-runtime";
import { asciiBytes } from "../http1/characters.ts";
import { startsWith } from "../http1/end-to-end.ts";
import type { FieldEdits } from "../http1/field-edits.ts";
import type { Head } from "../http1/head.ts";
import { maskOf } from "../http1/known-field.ts";
import { type ReadyLines, readyLines } from "../http1/ready-lines.ts";

/** A client of an edge. */
export type ForwardedPeer = {
  readonly address: string;
  /** Proxies before the edge whose word on the client is taken. */
  readonly trustedHops: number;
  /** The lines about a client that stands directly before the edge. */
  readonly lines: ReadyLines;
};

const OURS = maskOf(KnownField.forwardedFor, KnownField.forwardedProto, KnownField.forwardedHost, KnownField.forwarded);
const FORWARDED = asciiBytes("x-forwarded-");
const REAL_IP = asciiBytes("x-real-ip");
const LETTER_X = 0x78;
/** Addresses of one request that are looked at. */
const ADDRESSES_MAX = 64;

export function makeForwardedPeer(address: string, trustedHops: number): ForwardedPeer {
  const lines = readyLines(asciiBytes(`x-forwarded-for: ${address}\r\nx-forwarded-proto: http\r\n`));
  return { address, trustedHops, lines };
}

/** Puts the edge's word into `edits`, and takes the client's out of the head. */
export function replaceForwarded(head: Head, edits: FieldEdits, peer: ForwardedPeer): void {
  edits.drop |= OURS;
  const { bytes, spans, names, fieldCount } = head;
  for (let index = 0; index < fieldCount; index++) {
    if (names[index] !== KnownField.other) continue;
    const name = spans[index * 4]!;
    // All of them begin with an x; nearly no other field does.
    if ((bytes[name]! | 0x20) !== LETTER_X) continue;
    const end = spans[index * 4 + 1]!;
    if (startsWith(bytes, name, end, FORWARDED) || startsWith(bytes, name, end, REAL_IP)) head.withhold(index);
  }
  if (peer.trustedHops > 0) extendForwarded(head, edits, peer);
  else edits.addLines(peer.lines);
}

/** Keeps what the trusted proxies said, and says who the last of them is. */
function extendForwarded(head: Head, edits: FieldEdits, { address, trustedHops }: ForwardedPeer): void {
  const said: string[] = [];
  for (let index = 0; index < head.fieldCount; index++) {
    if (head.names[index] === KnownField.forwardedFor) said.push(...head.valueText(index).split(","));
  }
  const kept = said
    .slice(-Math.min(trustedHops, ADDRESSES_MAX))
    .map((one) => one.trim())
    .filter((one) => one !== "");
  edits.add("x-forwarded-for", [...kept, address].join(", "));
  edits.add("x-forwarded-proto", protoOf(head));
}

/** The last proxy's word, which it either wrote alone or behind the others'. */
function protoOf(head: Head): "http" | "https" {
  let said = "";
  for (let index = 0; index < head.fieldCount; index++) {
    if (head.names[index] === KnownField.forwardedProto) said = head.valueText(index);
  }
  return said.split(",").at(-1)?.trim().toLowerCase() === "https" ? "https" : "http";
}
