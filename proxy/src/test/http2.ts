/** For tests of HTTP/2: frames as bytes, heads as lists, and what a connection told and wrote, as text. */
import { textOf } from "../http1/characters.ts";
import { Connection, Http2Event, PREFACE } from "../http2/connection.ts";
import { ErrorCode } from "../http2/error-code.ts";
import { FRAME_HEADER_BYTES, FrameType, readUint24, readUint31, readUint32, writeFrameHeader } from "../http2/frame.ts";
import type { HpackDecoder } from "../http2/hpack/decoder.ts";
import type { Stream } from "../http2/stream.ts";

export type HeadFields = readonly (readonly [name: string, value: string])[];

const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array | readonly number[] = [],
): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + payload.length);
  writeFrameHeader(bytes, 0, payload.length, type, flags, stream);
  bytes.set(payload, FRAME_HEADER_BYTES);
  return bytes;
}

/** A block of literals that no table keeps. */
export function block(fields: HeadFields): Uint8Array {
  const texts = fields.map(([name, value]) => {
    const [n, v] = [latin(name), latin(value)];
    const length = (count: number) => (count < 127 ? [count] : [127, ...lengthRest(count - 127)]);
    return Uint8Array.from([0, ...length(n.length), ...n, ...length(v.length), ...v]);
  });
  return concat(...texts);
}

function lengthRest(rest: number): readonly number[] {
  return rest < 128 ? [rest] : [(rest & 127) | 128, ...lengthRest(rest >>> 7)];
}

export const preface = concat(PREFACE, frame(FrameType.settings, 0, 0));
export const GET: HeadFields = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "orders"],
];
export const POST: HeadFields = [[":method", "POST"], ...GET.slice(1)];
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const uint32 = (value: number) => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];

/** A HEADERS frame; a whole request unless `flags` say otherwise. */
export const headFrame = (id: number, fields: HeadFields = GET, flags = END_HEADERS | END_STREAM) =>
  frame(FrameType.headers, flags, id, block(fields));
export const setting = (id: number, value: number) => [id >>> 8, id & 255, ...uint32(value)];

/** Sends a head of texts. */
export function sendHead(connection: Connection, stream: Stream, fields: HeadFields, isEnd: boolean): void {
  connection.beginHead();
  for (const [name, value] of fields) {
    const [n, v] = [latin(name), latin(value)];
    connection.field(n, 0, n.length, v, 0, v.length);
  }
  connection.endHead(stream, isEnd);
}

const CODES = new Map<number, string>(Object.entries(ErrorCode).map(([name, code]) => [code, name]));
const codeName = (code: number) => CODES.get(code) ?? String(code);

/** Feeds bytes; every event as a line. Content is released at once unless `keeps`. */
export function feed(connection: Connection, bytes: Uint8Array, { keeps = false } = {}): string[] {
  const told: string[] = [];
  for (let at = 0; ; at = connection.at) {
    const event = connection.next(bytes, at, bytes.length);
    const { stream, head, isEnd, code, byPeer, wasProcessed, reason, refusal } = connection;
    const name = stream === undefined ? "" : ` ${stream.id}`;
    const end = isEnd ? " end" : "";
    switch (event) {
      case Http2Event.needMore:
        return told;
      case Http2Event.head:
      case Http2Event.trailers: {
        const text = textOf(head.bytes, head.start, head.end).replaceAll("\r\n", "|");
        told.push(`${event === Http2Event.head ? "head" : "trailers"}${name} ${text}${end}`);
        break;
      }
      case Http2Event.refusal:
        told.push(`refusal${name} ${refusal?.status}`);
        break;
      case Http2Event.content:
        told.push(`content${name} ${textOf(connection.bytes, connection.from, connection.to)}${end}`);
        if (!keeps && stream !== undefined) connection.release(stream, connection.to - connection.from);
        break;
      case Http2Event.reset:
        told.push(`reset${name} ${codeName(code)} by ${byPeer ? "peer" : "us"}${wasProcessed ? "" : ", unprocessed"}`);
        break;
      case Http2Event.window:
        told.push(`window${name}`);
        break;
      case Http2Event.goaway:
        told.push(`goaway ${codeName(code)}`);
        break;
      case Http2Event.pong:
        told.push("pong");
        break;
      case Http2Event.fault:
        told.push(`fault ${codeName(code)}: ${reason}`);
    }
  }
}

/** What waits to be written, a line for each frame; it is taken. */
export function written(connection: Connection, decoder?: HpackDecoder): string[] {
  const bytes = connection.output.take();
  connection.wrote();
  return framesOf(bytes).map(({ type, flags, stream, payload }) => {
    switch (type) {
      case FrameType.rstStream:
        return `RST_STREAM ${stream} ${codeName(readUint32(payload, 0))}`;
      case FrameType.goaway:
        return `GOAWAY ${readUint31(payload, 0)} ${codeName(readUint32(payload, 4))}`;
      case FrameType.windowUpdate:
        return `WINDOW_UPDATE ${stream} ${readUint32(payload, 0)}`;
      case FrameType.settings:
        return flags === 1 ? "SETTINGS ack" : "SETTINGS";
      case FrameType.ping:
        return flags === 1 ? `PING ack ${Buffer.from(payload).toString("hex")}` : "PING";
      case FrameType.headers: {
        const fields: string[] = [];
        decoder?.decode(payload, 0, payload.length, {
          addField: (name, ns, ne, value, vs, ve) => fields.push(`${textOf(name, ns, ne)}: ${textOf(value, vs, ve)}`),
        });
        return `HEADERS ${stream} ${fields.join("|")}${(flags & 1) === 1 ? " end" : ""}`;
      }
      case FrameType.data:
        return `DATA ${stream} ${payload.length}${(flags & 1) === 1 ? " end" : ""}`;
      default:
        return `frame ${type} ${stream} ${payload.length}`;
    }
  });
}

export type WrittenFrame = {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Uint8Array;
};

export function framesOf(bytes: Uint8Array): readonly WrittenFrame[] {
  const frames: WrittenFrame[] = [];
  for (
    let at = bytes.length >= PREFACE.length && bytes[0] === PREFACE[0] && bytes[1] === PREFACE[1] ? PREFACE.length : 0;
    at < bytes.length;
  ) {
    const end = at + FRAME_HEADER_BYTES + readUint24(bytes, at);
    frames.push({
      type: bytes[at + 3] ?? 0,
      flags: bytes[at + 4] ?? 0,
      stream: readUint31(bytes, at + 5),
      payload: bytes.subarray(at + FRAME_HEADER_BYTES, end),
    });
    at = end;
  }
  return frames;
}

/** A server whose client has said hello. */
export function makeServer(): Connection {
  const server = new Connection("server");
  server.nowMs = 1000;
  feed(server, preface);
  written(server);
  return server;
}
