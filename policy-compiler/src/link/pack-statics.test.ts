/** Texts of the runtime are packed, and nothing else that it holds changes. */
import { expect, test } from "vitest";

type PackScript = {
  readonly packStatics: (
    wasm: Uint8Array,
    statics: readonly { readonly at: number; readonly bytes: Uint8Array }[],
  ) => Uint8Array<ArrayBuffer>;
};
const path = "../../../scripts/pack-statics.mjs";
const { packStatics } = (await import(path)) as PackScript;

/** A text as AssemblyScript lays it out: a header of twenty bytes, then sixteen bits a character. */
function text(at: number, content: string) {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x3c, true);
  view.setUint32(12, 2, true);
  view.setUint32(16, content.length * 2, true);
  [...content].forEach((character, i) => {
    view.setUint16(20 + i * 2, character.codePointAt(0) ?? 0, true);
  });
  return { at, bytes };
}

/** A module that imports its memory and holds nothing yet: a count of segments, and none. */
const EMPTY = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[2, 8, 1, 1, 0x65, 1, 0x6d, 2, 0, 1],
  ...[12, 1, 0, 11, 1, 0],
]);

function memoryOf(wasm: Uint8Array<ArrayBuffer>): Uint8Array {
  const memory = new WebAssembly.Memory({ initial: 1 });
  new WebAssembly.Instance(new WebAssembly.Module(wasm), { e: { m: memory } });
  return new Uint8Array(memory.buffer);
}

const TABLE = { at: 2048, bytes: Uint8Array.from({ length: 300 }, (_, i) => (i % 100 < 70 ? 0 : i & 0xff)) };

test("a text is a byte a character behind its length; tables are as they were", () => {
  const memory = memoryOf(packStatics(EMPTY, [text(1036, "not ASCII"), TABLE]));
  expect(new DataView(memory.buffer).getUint32(1036 + 16, true)).toBe(18);
  expect(Buffer.from(memory.subarray(1056, 1065)).toString()).toBe("not ASCII");
  expect(memory.subarray(1065, 1036 + 64).every((byte) => byte === 0)).toBe(true);
  expect(memory.subarray(2048, 2348)).toEqual(TABLE.bytes);
});

test("what only looks like a text is left as it is: no place of one, another class, longer than it is", () => {
  const { bytes } = text(0, "abc");
  const longer = bytes.slice();
  longer[16] = 60;
  const other = bytes.slice();
  other[12] = 5;
  const statics = [
    { at: 1040, bytes },
    { at: 1100 + 32, bytes: other },
    { at: 1212, bytes: longer },
  ];
  const memory = memoryOf(packStatics(EMPTY, statics));
  for (const { at, bytes: kept } of statics) expect(memory.subarray(at, at + 64)).toEqual(kept);
});

test("a text that is not ASCII is refused", () => {
  expect(() => packStatics(EMPTY, [text(1036, "größer")])).toThrow("U+f6");
});
