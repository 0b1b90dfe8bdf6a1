/** `grpc-message`: UTF-8, percent-encoded but for printable ASCII without `%` (PROTOCOL-HTTP2.md). */

/** More than anyone reads. */
const LENGTH_MAX = 1024;

export function encodeMessage(message: string): string {
  const clipped = message.length > LENGTH_MAX ? `${message.slice(0, LENGTH_MAX)}…` : message;
  let text = "";
  for (const byte of Buffer.from(clipped, "utf8")) {
    const isPlain = byte >= 0x20 && byte <= 0x7e && byte !== 0x25;
    text += isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return text.trim();
}

/** What was percent-encoded; as it is where that does not decode. */
export function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
