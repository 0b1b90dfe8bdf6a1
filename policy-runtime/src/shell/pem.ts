/**
 * PEM blocks (RFC 7468), found as Go's encoding/pem finds them: the first END line that fits
 * the last BEGIN line before it. Text outside of blocks is skipped, and so are broken blocks.
 */
import { decodeBase64 } from "./base64.ts";

export type PemBlock = {
  readonly type: string;
  readonly bytes: Buffer;
  /** The text behind the block's last line. */
  readonly rest: string;
};

const BEGIN = "-----BEGIN ";
const END = "\n-----END ";
const DASHES = "-----";

/** The first block, or undefined. */
export function readPem(text: string): PemBlock | undefined {
  for (let from = 0; ; ) {
    const end = text.indexOf(END, from);
    if (end < 0) return undefined;
    const after = end + END.length;
    const begin = text.slice(from, end).lastIndexOf(BEGIN);
    const isLine = begin === 0 || (begin > 0 && text[from + begin - 1] === "\n");
    if (isLine) {
      const block = readBlock(text, from + begin + BEGIN.length, end);
      if (block === "none") return undefined;
      if (block !== "broken") return block;
    }
    from = after;
  }
}

/** `at`: behind BEGIN; `end`: where the line break before END is, which may be that behind BEGIN's line. */
function readBlock(text: string, at: number, end: number): PemBlock | "broken" | "none" {
  const after = end + END.length;
  const first = lineAt(text, at);
  if (!first.line.endsWith(DASHES)) return "broken";
  const type = first.line.slice(0, -DASHES.length);
  let body = first.next;
  for (;;) {
    if (body >= text.length) return "none";
    const { line, next } = lineAt(text, body);
    if (!line.includes(":")) break;
    body = next;
  }
  if (body > after) return "none";
  if (body !== first.next && body > end) return "broken";
  const closing = lineAt(text, after);
  if (closing.line !== type + DASHES) return "broken";
  try {
    const bytes = decodeBase64(text.slice(body, Math.max(body, end)).replace(/[ \t]/g, ""));
    return { type, bytes, rest: text.slice(closing.next) };
  } catch {
    return "broken";
  }
}

function lineAt(text: string, at: number): { readonly line: string; readonly next: number } {
  const newline = text.indexOf("\n", at);
  let end = newline < 0 ? text.length : newline;
  if (newline > at && text[newline - 1] === "\r") end--;
  while (end > at && (text[end - 1] === " " || text[end - 1] === "\t")) end--;
  return { line: text.slice(at, end), next: newline < 0 ? text.length : newline + 1 };
}

/** All blocks, one behind the other. */
export function readPemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let block = readPem(text); block !== undefined; block = readPem(block.rest)) blocks.push(block);
  return blocks;
}
