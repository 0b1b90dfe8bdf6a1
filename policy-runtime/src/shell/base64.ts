/** Base64 as Go's encoding/base64 reads it: strict, with the place of the first bad byte. */

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE = `${STANDARD.slice(0, 62)}-_`;

export function decodeBase64(text: string): Buffer {
  return decode(text, STANDARD, "base64");
}

/** Padding may be left out (RFC 7515, appendix C). */
export function decodeBase64Url(text: string): Buffer {
  if (text.endsWith("=")) return decode(text, URL_SAFE, "base64url");
  if (text.length % 4 === 1) throw new Error(`illegal base64url string: ${text.slice(0, 100)}`);
  return decode(text + "=".repeat((4 - (text.length % 4)) % 4), URL_SAFE, "base64url");
}

function decode(text: string, alphabet: string, encoding: "base64" | "base64url"): Buffer {
  const bad = (at: number) => new Error(`illegal base64 data at input byte ${at}`);
  let length = 0;
  let end = -1;
  for (let i = 0; i < text.length; i++) {
    const letter = text[i] as string;
    if (letter === "\n" || letter === "\r") continue;
    if (letter === "=") {
      // Only as the last one or two of a group of four.
      if (length % 4 < 2) throw bad(i);
      const padding = text.slice(i).replace(/[\r\n]/g, "");
      if (padding !== "=".repeat(4 - (length % 4))) throw bad(i);
      end = i;
      break;
    }
    if (!alphabet.includes(letter)) throw bad(i);
    length++;
  }
  if (end < 0 && length % 4 !== 0) throw bad(text.length);
  return Buffer.from(end < 0 ? text : text.slice(0, end), encoding);
}
