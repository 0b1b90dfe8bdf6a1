/**
 * A snapshot as bytes on the wire. Most of it are contents that many proxies are sent alike: their
 * bytes go into the message as they are, once, where the general encoder copies them at each level.
 */
import { type Content, ControllerMessage, SnapshotMessage } from "./generated/regomesh/v1/control.ts";

/** Tags of control.proto: a number, and that what follows has a length. */
const SNAPSHOT_OF_MESSAGE = 0x0a;
const CONTENT_OF_SNAPSHOT = 0x3a;
const BODY_OF_CONTENT = 0x0a;
const ENCODING_OF_CONTENT = 0x10;

/** The same message as the general encoder's, with its contents last: the order of fields says nothing. */
export function encodeControllerMessage(message: ControllerMessage): Buffer {
  if (message.message?.$case !== "snapshot") return Buffer.from(ControllerMessage.encode(message).finish());
  const { contents, ...rest } = message.message.value;
  const head = SnapshotMessage.encode({ ...rest, contents: [] }).finish();
  const parts: Uint8Array[] = [head];
  for (const content of contents) pushContent(content, parts);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([withLength(SNAPSHOT_OF_MESSAGE, length), ...parts]);
}

function pushContent({ body, encoding }: Content, parts: Uint8Array[]): void {
  const own = body.length === 0 ? [] : withLength(BODY_OF_CONTENT, body.length);
  const end = encoding === 0 ? [] : [ENCODING_OF_CONTENT, encoding];
  const length = own.length + body.length + end.length;
  parts.push(Uint8Array.from([...withLength(CONTENT_OF_SNAPSHOT, length), ...own]), body, Uint8Array.from(end));
}

/** A tag and a length, seven bits a byte. */
function withLength(tag: number, length: number): Uint8Array {
  const bytes = [tag];
  let left = length;
  for (; left > 0x7f; left = Math.floor(left / 0x80)) bytes.push((left % 0x80) | 0x80);
  bytes.push(left);
  return Uint8Array.from(bytes);
}
