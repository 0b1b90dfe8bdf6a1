/**
 * What is sent of a snapshot's contents, and what becomes of it where it arrives. Nothing that
 * comes is believed by name: a content is what its bytes hash to, a changed list what it hashes to
 * after the change, so that a mistake of either end is a content that is missing, never a wrong one.
 */
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { cutChunks } from "./chunks.ts";
import { itemTexts, listText } from "./contents.ts";
import {
  type Content,
  ContentEncoding,
  type ModuleParts,
  type SnapshotMessage,
} from "./generated/regomesh/v1/control.ts";
import { contentHash, moduleHash } from "./hashes.ts";

/** Of shorter ones little is gained, and each costs 70 µs: a setting that all have is one for each proxy. */
const COMPRESS_FROM = 1024;
/** A content that unfolds to more is none of ours. */
const CONTENT_MAX = 64 * 1024 * 1024;
/** Of a hash, where it only says what is held. */
const DIGEST_BYTES = 16;
const HASH_BYTES = 32;

/** As it is sent: written in the shorter way. */
export function encodeContent(body: Uint8Array): Content {
  const plain = { body: asBuffer(body), encoding: ContentEncoding.CONTENT_ENCODING_IDENTITY };
  if (body.length < COMPRESS_FROM) return plain;
  const folded = zstdCompressSync(body);
  if (folded.length >= body.length) return plain;
  // What zlib gives is a view of a slab of 16 KiB, for as little as it may be: this is kept, a copy is not more than it is.
  return { body: asBuffer(new Uint8Array(folded)), encoding: ContentEncoding.CONTENT_ENCODING_ZSTD };
}

/** The same bytes, not copied. */
function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** The short name of a content, given its hash: what a proxy says that it holds. */
export function digestOf(hash: string): string {
  return hash.slice(0, DIGEST_BYTES * 2);
}

/** The digests of hashes, as they are sent. */
export function joinDigests(hashes: Iterable<string>): Buffer {
  return Buffer.concat([...hashes].map((hash) => Buffer.from(digestOf(hash), "hex")));
}

/** Digests as they came; what is left over at the end is none. */
export function splitDigests(bytes: Uint8Array): ReadonlySet<string> {
  return new Set(split(bytes, DIGEST_BYTES));
}

/** What a proxy has at hand. */
export type HeldContents = {
  /** By hash. */
  readonly contents: ReadonlyMap<string, string>;
  readonly modules: readonly { readonly hash: string; readonly wasm: Uint8Array; readonly data: string }[];
};

export type ReceivedContents = {
  /** A content by its hash, sent or held. */
  readonly read: (hash: string) => string | undefined;
  /** Those that came, whole or in parts, and are what their names say. */
  readonly modules: readonly { readonly hash: string; readonly wasm: Uint8Array; readonly data: string }[];
};

/** What a message brings, put together with what is held. */
export function readContents(
  message: Pick<SnapshotMessage, "contents" | "lists" | "moduleParts">,
  held: HeldContents,
): ReceivedContents {
  const sent = new Map<string, Uint8Array>();
  for (const content of message.contents) {
    const body = decodeContent(content);
    if (body !== undefined) sent.set(contentHash(body), body);
  }
  const lists = new Map<string, string>();
  const read = (hash: string): string | undefined => {
    const body = sent.get(hash);
    return body === undefined ? (lists.get(hash) ?? held.contents.get(hash)) : Buffer.from(body).toString("utf8");
  };
  for (const { base, removed, added } of message.lists) {
    const before = read(base);
    if (before === undefined) continue;
    const gone = new Set(removed);
    const text = listText([...itemTexts(before).filter((item) => !gone.has(item)), ...added]);
    lists.set(contentHash(Buffer.from(text)), text);
  }
  return { read, modules: joinModules(message.moduleParts, sent, held) };
}

function joinModules(
  parts: readonly ModuleParts[],
  sent: ReadonlyMap<string, Uint8Array>,
  held: HeldContents,
): ReceivedContents["modules"] {
  if (parts.length === 0) return [];
  const chunks = new Map(chunksOf(held));
  for (const [hash, body] of sent) chunks.set(hash, body);
  const join = (hashes: Uint8Array): Buffer | undefined => {
    const found = split(hashes, HASH_BYTES).map((hash) => chunks.get(hash));
    return found.includes(undefined) ? undefined : Buffer.concat(found as Uint8Array[]);
  };
  return parts.flatMap(({ hash, wasmChunks, dataChunks }) => {
    const [wasm, data] = [join(wasmChunks), join(dataChunks)];
    if (wasm === undefined || data === undefined || moduleHash(wasm, data) !== hash) return [];
    learnChunks(wasm, split(wasmChunks, HASH_BYTES), chunks);
    return [{ hash, wasm, data: data.toString("utf8") }];
  });
}

type NamedChunk = readonly [hash: string, chunk: Uint8Array];

/** Of a module's bytes that are held their chunks, as views on them: each revision asks for those of the one before. */
const chunksOfWasm = new WeakMap<Uint8Array, readonly NamedChunk[]>();

/** What was put together of these chunks need not be cut and hashed to find them again. */
function learnChunks(wasm: Uint8Array, hashes: readonly string[], chunks: ReadonlyMap<string, Uint8Array>): void {
  let start = 0;
  const named = hashes.map((hash): NamedChunk => {
    const end = start + (chunks.get(hash)?.length ?? 0);
    const chunk = wasm.subarray(start, end);
    start = end;
    return [hash, chunk];
  });
  chunksOfWasm.set(wasm, named);
}

/** Of every module that is held, by hash. */
export function chunksOf({ modules }: Pick<HeldContents, "modules">): readonly NamedChunk[] {
  return modules.flatMap(({ wasm, data }) => {
    const known = chunksOfWasm.get(wasm) ?? cutAndName(wasm);
    chunksOfWasm.set(wasm, known);
    return [...known, ...cutAndName(Buffer.from(data))];
  });
}

function cutAndName(bytes: Uint8Array): readonly NamedChunk[] {
  return cutChunks(bytes).map((chunk) => [contentHash(chunk), chunk]);
}

/** What was encoded; undefined for what is none, or written in a way of a time to come. */
export function decodeContent({ body, encoding }: Content): Uint8Array | undefined {
  switch (encoding) {
    case ContentEncoding.CONTENT_ENCODING_IDENTITY:
      return body;
    case ContentEncoding.CONTENT_ENCODING_ZSTD:
      try {
        return zstdDecompressSync(body, { maxOutputLength: CONTENT_MAX });
      } catch {
        return undefined; // as if it had not come
      }
    default:
      return undefined; // a way of writing of a time to come
  }
}

function split(bytes: Uint8Array, length: number): readonly string[] {
  const text = Buffer.from(bytes).toString("hex");
  const count = Math.floor(bytes.length / length);
  return Array.from({ length: count }, (_, i) => text.slice(i * length * 2, (i + 1) * length * 2));
}
