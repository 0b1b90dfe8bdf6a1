/**
 * A snapshot as bytes on the wire. Most of it are contents that many proxies are sent alike: their
 * bytes go into the message as they are, once, where the general encoder copies them at each level.
 */
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { type Content, ControllerMessage, SnapshotMessage } from "./generated/regomesh/v1/control.ts";

/** Tags of control.proto: a number, and that what follows has a length. */
const SNAPSHOT_OF_MESSAGE = 0x0a;
const CONTENT_OF_SNAPSHOT = 0x3a;
const BODY_OF_CONTENT = 0x0a;
const ENCODING_OF_CONTENT = 0x10;

/** What snapshots' heads are written by, one after the other: a writer that begins with nothing grows five times for each. */
let headWriter = new BinaryWriter();

function encodeHead(snapshot: SnapshotMessage): Uint8Array {
  // Whole modules would leave their megabytes to it.
  if (snapshot.modules.length > 0) return SnapshotMessage.encode(snapshot).finish();
  try {
    return SnapshotMessage.encode(snapshot, headWriter).finish();
  } catch (error) {
    // What it has written so far is no head.
    headWriter = new BinaryWriter();
    throw error;
  }
}

/** The same message as the general encoder's, with its contents last: the order of fields says nothing. */
export function encodeControllerMessage(message: ControllerMessage): Buffer {
  if (message.message?.$case !== "snapshot") return Buffer.from(ControllerMessage.encode(message).finish());
  const { contents, ...rest } = message.message.value;
  const head = encodeHead({ ...rest, contents: [] });
  let length = head.length;
  for (const content of contents) length += sizeOfField(sizeOf(content));
  const bytes = Buffer.allocUnsafe(sizeOfField(length));
  let at = putField(bytes, 0, SNAPSHOT_OF_MESSAGE, length);
  bytes.set(head, at);
  at += head.length;
  for (const content of contents) at = putContent(bytes, at, content);
  return bytes;
}

function putContent(bytes: Buffer, from: number, content: Content): number {
  const { body, encoding } = content;
  let at = putField(bytes, from, CONTENT_OF_SNAPSHOT, sizeOf(content));
  if (body.length > 0) {
    at = putField(bytes, at, BODY_OF_CONTENT, body.length);
    bytes.set(body, at);
    at += body.length;
  }
  return encoding === 0 ? at : putField(bytes, at, ENCODING_OF_CONTENT, encoding);
}

function sizeOf({ body, encoding }: Content): number {
  return (body.length === 0 ? 0 : sizeOfField(body.length)) + (encoding === 0 ? 0 : 1 + sizeOfNumber(encoding));
}

/** A tag, a length, and what has that length. */
function sizeOfField(length: number): number {
  return 1 + sizeOfNumber(length) + length;
}

/** Seven bits a byte. */
function sizeOfNumber(number: number): number {
  let size = 1;
  for (let left = number; left > 0x7f; left = Math.floor(left / 0x80)) size++;
  return size;
}

/** Writes a tag and a number, which may be a length; gives where what follows begins. */
function putField(bytes: Buffer, from: number, tag: number, number: number): number {
  bytes[from] = tag;
  let at = from + 1;
  let left = number;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) bytes[at++] = (left % 0x80) | 0x80;
  bytes[at++] = left;
  return at;
}
