/**
 * What has come to the simulated proxies of this process. A thousand machines unfold and check what
 * they are sent a thousand times, each on its own; here the first proxy that is sent these bytes
 * does. Whether a proxy has been sent, or holds, all that its snapshot names is each proxy's own.
 */
import {
  type Content,
  contentHash,
  decodeContent,
  itemTexts,
  listText,
  type ModuleParts,
  moduleHash,
  type SnapshotMessage,
} from "@regomesh/protocol";

const HASH_HEX = 64;

/** By their bytes as they were sent; undefined of those that do not unfold. */
const hashes = new Map<string, string | undefined>();
const bodies = new Map<string, Uint8Array>();
const parsed = new Map<string, unknown>();
/** By module that was put together and had its hash, the chunks that it is made of, as they are sent and by name. */
const chunksOfModule = new Map<string, ModuleParts & { readonly names: readonly string[] }>();
/** Lists by what they were made of: another list, and what differs. */
const lists = new Map<string, string>();

/** The hash of a content; undefined for what does not unfold. */
function arrive(content: Content): string | undefined {
  // The bytes themselves: to look them up takes less than to hash them.
  const key = `${content.encoding} ${content.body.toString("latin1")}`;
  if (hashes.has(key)) return hashes.get(key);
  const body = decodeContent(content);
  const name = body && contentHash(body);
  if (name !== undefined && body !== undefined) bodies.set(name, body);
  hashes.set(key, name);
  return name;
}

/** The value of a content of which somebody has the bytes. */
export function parsedOf(hash: string): unknown {
  if (!parsed.has(hash)) parsed.set(hash, JSON.parse(textOf(hash)));
  return parsed.get(hash);
}

function textOf(hash: string): string {
  return Buffer.from(bodies.get(hash) ?? "").toString("utf8");
}

/** What a proxy has, by hash: contents, and chunks of modules. */
export type Has = (hash: string) => boolean;

/** The hashes of what a message brings to a proxy that has this. */
export function contentsOf({ contents, lists: changed }: SnapshotMessage, has: Has): ReadonlySet<string> {
  const sent = new Set(contents.flatMap((content) => arrive(content) ?? []));
  for (const { base, removed, added } of changed) {
    if (!sent.has(base) && !has(base)) continue;
    const key = JSON.stringify([base, removed, added]);
    const hash = lists.get(key) ?? changeList(base, removed, added);
    lists.set(key, hash);
    sent.add(hash);
  }
  return sent;
}

function changeList(base: string, removed: readonly string[], added: readonly string[]): string {
  const gone = new Set(removed);
  const body = Buffer.from(listText([...itemTexts(textOf(base)).filter((item) => !gone.has(item)), ...added]));
  const hash = contentHash(body);
  bodies.set(hash, body);
  return hash;
}

/** The modules of a message of which a proxy has every chunk, and whose bytes are what their hash says. */
export function modulesOf({ moduleParts }: SnapshotMessage, has: Has): ReadonlyMap<string, readonly string[]> {
  const whole = new Map<string, readonly string[]>();
  for (const part of moduleParts) {
    const known = chunksOfModule.get(part.hash);
    const isKnown = known?.wasmChunks.equals(part.wasmChunks) && known.dataChunks.equals(part.dataChunks);
    if (known !== undefined && isKnown === true) {
      if (known.names.every(has)) whole.set(part.hash, known.names);
      continue;
    }
    const [wasm, data] = [namesOf(part.wasmChunks), namesOf(part.dataChunks)];
    const names = [...wasm, ...data];
    if (!names.every(has) || moduleHash(join(wasm), join(data)) !== part.hash) continue;
    chunksOfModule.set(part.hash, { ...part, names });
    whole.set(part.hash, names);
  }
  return whole;
}

function join(names: readonly string[]): Buffer {
  return Buffer.concat(names.flatMap((name) => bodies.get(name) ?? []));
}

function namesOf(chunks: Buffer): readonly string[] {
  const hex = chunks.toString("hex");
  return Array.from({ length: hex.length / HASH_HEX }, (_, i) => hex.slice(i * HASH_HEX, (i + 1) * HASH_HEX));
}
