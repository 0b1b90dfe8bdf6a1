/** PEM blocks (RFC 7468), read as Go's encoding/pem does: text before a block is skipped. */

export type PemBlock = {
  readonly type: string;
  readonly headers: string;
  readonly bytes: Buffer;
  /** The text behind the block's last line. */
  readonly rest: string;
};

const BLOCK = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n([\s\S]*?)(?:^|\n)-----END \1-----[ \t\r]*(?:\n|$)/;

/** The first block, or undefined. */
export function readPem(text: string): PemBlock | undefined {
  const start = text.indexOf("-----BEGIN ");
  if (start < 0) return undefined;
  const found = BLOCK.exec(text.slice(start));
  if (found === null) return undefined;
  const [whole, type, body] = found as unknown as readonly [string, string, string];
  const split = body.indexOf("\n\n");
  const hasHeaders = /^[^\n:]+: /.test(body) && split >= 0;
  const content = (hasHeaders ? body.slice(split) : body).replace(/\s/g, "");
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(content) || content.length % 4 !== 0) return undefined;
  const rest = text.slice(start + found.index + whole.length);
  return { type, headers: hasHeaders ? body.slice(0, split) : "", bytes: Buffer.from(content, "base64"), rest };
}

/** All blocks, one behind the other. */
export function readPemBlocks(text: string): readonly PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let block = readPem(text); block !== undefined; block = readPem(block.rest)) blocks.push(block);
  return blocks;
}
