import fc from "fast-check";
import { expect, test } from "vitest";
import { cutChunks } from "./chunks.ts";
import { listText } from "./contents.ts";
import { chunksOf, digestOf, encodeContent, joinDigests, readContents, splitDigests } from "./delta.ts";
import { type Content, ContentEncoding } from "./generated/regomesh/v1/control.ts";
import { contentHash, moduleHash } from "./hashes.ts";

const NOTHING = { contents: new Map<string, string>(), modules: [] };
const EMPTY = { contents: [], lists: [], moduleParts: [] };
const bytes = (text: string) => Buffer.from(text);
const hashOf = (text: string) => contentHash(bytes(text));

test("a content comes as it went, short or long", () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(40), (text, times) => {
      const body = text.repeat(times);
      const { read } = readContents({ ...EMPTY, contents: [encodeContent(bytes(body))] }, NOTHING);
      expect(read(hashOf(body))).toBe(body);
    }),
  );
});

test("a long text is sent shorter than it is", () => {
  const body = bytes("principal ".repeat(1000));
  expect(encodeContent(body).body.length).toBeLessThan(body.length / 10);
});

test("a list that has changed comes as what differs", () => {
  const items = fc.array(fc.string().map((text) => JSON.stringify(text)));
  fc.assert(
    fc.property(items, items, (before, after) => {
      const change = {
        base: hashOf(listText(before)),
        removed: before.filter((item) => !after.includes(item)),
        added: after.filter((item) => !before.includes(item)),
      };
      const held = { ...NOTHING, contents: new Map([[change.base, listText(before)]]) };
      const { read } = readContents({ ...EMPTY, lists: [change] }, held);
      expect(read(hashOf(listText(after)))).toBe(listText(after));
    }),
  );
});

const wrong: readonly [string, Content][] = [
  ["other bytes", { body: bytes("b"), encoding: ContentEncoding.CONTENT_ENCODING_IDENTITY }],
  ["bytes that do not unfold", { body: bytes("a"), encoding: ContentEncoding.CONTENT_ENCODING_ZSTD }],
  ["a way of writing that nobody knows", { body: bytes("a"), encoding: 7 as ContentEncoding }],
];
test.each(wrong)("%s in place of a content is a content that is missing", (_, content) => {
  expect(readContents({ ...EMPTY, contents: [content] }, NOTHING).read(hashOf("a"))).toBeUndefined();
});

test("a change of a list that is not held makes nothing", () => {
  const { read } = readContents({ ...EMPTY, lists: [{ base: hashOf("[]"), removed: [], added: ['"a"'] }] }, NOTHING);
  expect(read(hashOf('["a"]'))).toBeUndefined();
});

/** Bytes that look like a module: nothing repeats. */
function makeBytes(length: number, seed: number): Uint8Array {
  let state = seed;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 24;
  });
}

test("chunks are the bytes, and within their bounds", () => {
  fc.assert(
    fc.property(fc.nat(200_000), fc.nat(), (length, seed) => {
      const whole = makeBytes(length, seed);
      const chunks = cutChunks(whole);
      expect(Buffer.concat(chunks).equals(whole)).toBe(true);
      for (const chunk of chunks.slice(0, -1)) {
        expect(chunk.length).toBeGreaterThan(2048);
        expect(chunk.length).toBeLessThanOrEqual(32_768);
      }
    }),
    { numRuns: 20 },
  );
});

test("a module of which a few bytes are others is made of what is held but for their chunks", () => {
  const before = makeBytes(200_000, 1);
  const after = Buffer.concat([before.subarray(0, 90_000), bytes("a rule more"), before.subarray(90_000)]);
  const held = { ...NOTHING, modules: [{ hash: moduleHash(before, "{}"), wasm: before, data: "{}" }] };
  const known = new Set(chunksOf(held).map(([hash]) => hash));
  const [wasm, data] = [cutChunks(after), cutChunks(bytes('{"a":1}'))];
  const sent = [...wasm, ...data].filter((chunk) => !known.has(contentHash(chunk)));
  expect(sent.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(80_000);
  const name = (chunks: readonly Uint8Array[]) => Buffer.from(chunks.map(contentHash).join(""), "hex");
  const hash = moduleHash(after, '{"a":1}');
  const moduleParts = [{ hash, wasmChunks: name(wasm), dataChunks: name(data) }];
  const { modules } = readContents({ ...EMPTY, contents: sent.map(encodeContent), moduleParts }, held);
  expect(modules).toEqual([{ hash, wasm: after, data: '{"a":1}' }]);
  // Its chunks are those that it came in, without being cut again: views on what is held.
  const found = chunksOf({ modules }).slice(0, wasm.length);
  expect(found.map(([name]) => name)).toEqual(wasm.map(contentHash));
  for (const [name, chunk] of found) {
    expect(contentHash(chunk)).toBe(name);
    expect(chunk.buffer).toBe(modules[0]?.wasm.buffer);
  }
  // One chunk less, and there is no module.
  const fewer = { ...EMPTY, contents: sent.slice(1).map(encodeContent), moduleParts };
  expect(readContents(fewer, held).modules).toEqual([]);
});

test("digests come as they went; half a digest is none", () => {
  const hashes = ["a", "b", "c"].map(hashOf);
  const sent = joinDigests(hashes);
  expect(splitDigests(sent)).toEqual(new Set(hashes.map(digestOf)));
  expect(splitDigests(sent.subarray(0, 40))).toEqual(new Set(hashes.slice(0, 2).map(digestOf)));
});
