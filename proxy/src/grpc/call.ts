/** What a head says of a call of gRPC (grpc/doc/PROTOCOL-HTTP2.md). gRPC-Web is none: it is HTTP to whoever carries it. */
import { asciiBytes, equalsFolded, isDigit } from "../http1/characters.ts";
import type { Head } from "../http1/head.ts";
import { Method } from "../http1/method.ts";

const CONTENT_TYPE = asciiBytes("content-type");
const GRPC = asciiBytes("application/grpc");
const TIMEOUT = asciiBytes("grpc-timeout");
const TIMEOUT_LINE = asciiBytes("\r\ngrpc-timeout: ");
const LINE_END = asciiBytes("\r\n");
const STATUS = asciiBytes("grpc-status");
const PLUS = 0x2b;
const SEMICOLON = 0x3b;
const SP = 0x20;
/** Digits of a timeout. */
const DIGITS_MAX = 8;
/** Of statuses: more are none. */
const STATUS_DIGITS_MAX = 2;

const UNIT_MS: ReadonlyMap<number, number> = new Map(
  [
    ["H", 3_600_000],
    ["M", 60_000],
    ["S", 1000],
    ["m", 1],
    ["u", 1e-3],
    ["n", 1e-6],
  ].map(([unit, ms]) => [String(unit).charCodeAt(0), Number(ms)]),
);

/** A request that is answered in gRPC's way. */
export function isCall(head: Head): boolean {
  if (head.method !== Method.post) return false;
  const index = find(head, CONTENT_TYPE);
  if (index < 0) return false;
  const { bytes, spans } = head;
  const start = spans[index * 4 + 2]!;
  const end = spans[index * 4 + 3]!;
  const behind = start + GRPC.length;
  if (behind > end || !equalsFolded(bytes, start, behind, GRPC)) return false;
  return behind === end || bytes[behind] === PLUS || bytes[behind] === SEMICOLON || bytes[behind] === SP;
}

/** Milliseconds that its client gives the call; undefined where it gives no end, or none that can be read. */
export function timeoutMsOf(head: Head): number | undefined {
  const index = find(head, TIMEOUT);
  if (index < 0) return undefined;
  const { bytes, spans } = head;
  const start = spans[index * 4 + 2]!;
  const end = spans[index * 4 + 3]!;
  const unitMs = UNIT_MS.get(bytes[end - 1]!);
  const value = numberIn(bytes, start, end - 1, DIGITS_MAX);
  return value < 0 || unitMs === undefined ? undefined : value * unitMs;
}

/** By which a head may grow with another timeout. */
export const TIMEOUT_BYTES_MAX = DIGITS_MAX + 1;

/** Writes bytes[0, end) to `out` with the timeout that is left; where that ends, or -1 where it has none. */
export function replaceTimeout(out: Buffer, bytes: Buffer, end: number, leftMs: number): number {
  const line = bytes.indexOf(TIMEOUT_LINE);
  if (line < 0 || line >= end) return -1;
  const value = line + TIMEOUT_LINE.length;
  const behind = bytes.indexOf(LINE_END, value);
  bytes.copy(out, 0, 0, value);
  const to = value + out.write(timeoutText(leftMs), value, "latin1");
  return to + bytes.copy(out, to, behind, end);
}

/** In milliseconds while they fit; at least one. */
function timeoutText(ms: number): string {
  const whole = Math.max(1, Math.floor(ms));
  return whole < 10 ** DIGITS_MAX ? `${whole}m` : `${Math.floor(whole / 1000)}S`;
}

/** `grpc-status` of a response's head (trailers alone) or of its trailers; -1 where there is none. */
export function statusIn(head: Head): number {
  const index = find(head, STATUS);
  if (index < 0) return -1;
  return numberIn(head.bytes, head.spans[index * 4 + 2]!, head.spans[index * 4 + 3]!, STATUS_DIGITS_MAX);
}

function find({ bytes, spans, fieldCount }: Head, name: Uint8Array): number {
  for (let index = 0; index < fieldCount; index++) {
    const start = spans[index * 4]!;
    const end = spans[index * 4 + 1]!;
    if (end - start === name.length && equalsFolded(bytes, start, end, name)) return index;
  }
  return -1;
}

function numberIn(bytes: Uint8Array, start: number, end: number, digitsMax: number): number {
  if (end <= start || end - start > digitsMax) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    if (!isDigit(bytes[at]!)) return -1;
    value = value * 10 + bytes[at]! - 0x30;
  }
  return value;
}
