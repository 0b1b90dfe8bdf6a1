// Writes the policy runtime's data section anew, by its statics.
//
// A text of the sources is a static of sixteen bits a character behind a header of twenty bytes, of which nothing
// but the length is ever read: there is no collector, and no class is asked for. Texts are ASCII, and are kept
// as a byte a character, at the same place (assembly/static-text.ts reads them). What is zero is left out.

const SECTION_DATA = 11;
const SECTION_DATA_COUNT = 12;
const HEADER_BYTES = 20;
const CLASS_AT = 12;
const SIZE_AT = 16;
/** AssemblyScript's number of the class String. */
const STRING = 2;
/** A segment of its own takes about as much. */
const GAP_BYTES = 8;

/** `statics`: places and bytes, as the compiler laid them out; gives the module with them packed. */
export function packStatics(wasm, statics) {
  const segments = statics.flatMap(({ at, bytes }) => segmentsOf(at, packText(at, bytes)));
  const parts = [wasm.subarray(0, 8)];
  let at = 8;
  while (at < wasm.length) {
    const begin = at;
    const id = wasm[at++];
    const [size, from] = readU32(wasm, at);
    at = from + size;
    if (id === SECTION_DATA) parts.push(section(id, Buffer.concat([u32(segments.length), ...segments])));
    else if (id === SECTION_DATA_COUNT) parts.push(section(id, u32(segments.length)));
    else parts.push(wasm.subarray(begin, at));
  }
  return Buffer.concat(parts);
}

function packText(at, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const isObject = at % 16 === 16 - (HEADER_BYTES % 16) && bytes.length >= HEADER_BYTES;
  if (!isObject || view.getUint32(4, true) !== 0 || view.getUint32(8, true) !== 0) return bytes;
  const size = view.getUint32(SIZE_AT, true);
  if (view.getUint32(CLASS_AT, true) !== STRING || size % 2 !== 0 || HEADER_BYTES + size > bytes.length) return bytes;
  const packed = new Uint8Array(bytes.length);
  packed.set(bytes.subarray(SIZE_AT, HEADER_BYTES), SIZE_AT);
  for (let i = 0; i < size; i += 2) {
    const character = view.getUint16(HEADER_BYTES + i, true);
    if (character > 0x7f) throw new Error(`a text of the policy runtime is not ASCII: U+${character.toString(16)}`);
    packed[HEADER_BYTES + i / 2] = character;
  }
  return packed;
}

/** Entries of the data section for what is not zero. */
function segmentsOf(at, bytes) {
  const found = [];
  let from = bytes.findIndex((byte) => byte !== 0);
  while (from >= 0 && from < bytes.length) {
    let to = from + 1;
    let next = to;
    for (; next < bytes.length && next - to <= GAP_BYTES; next++) if (bytes[next] !== 0) to = next + 1;
    found.push(
      Buffer.concat([
        Buffer.from([0, 0x41]),
        s32(at + from),
        Buffer.from([0x0b]),
        u32(to - from),
        bytes.subarray(from, to),
      ]),
    );
    while (next < bytes.length && bytes[next] === 0) next++;
    from = next;
  }
  return found;
}

function section(id, content) {
  return Buffer.concat([Buffer.from([id]), u32(content.length), content]);
}

function readU32(bytes, from) {
  let value = 0;
  for (let at = from, shift = 0; ; at++, shift += 7) {
    value |= (bytes[at] & 0x7f) << shift;
    if (bytes[at] < 0x80) return [value >>> 0, at + 1];
  }
}

export function u32(value) {
  const bytes = [];
  for (let left = value; ; left >>>= 7) {
    bytes.push(left < 0x80 ? left : (left & 0x7f) | 0x80);
    if (left < 0x80) return Buffer.from(bytes);
  }
}

/** Signed LEB128 of a number that is not negative. */
function s32(value) {
  const bytes = [];
  for (let left = value; ; left >>>= 7) {
    bytes.push(left < 0x40 ? left : (left & 0x7f) | 0x80);
    if (left < 0x40) return Buffer.from(bytes);
  }
}
