/**
 * Bytes in chunks whose ends follow from the bytes themselves (a rolling sum, as in rsync and
 * restic), so that what is put in or taken out changes the chunks around it and no others:
 * modules of all units share their runtime, and two builds of one unit nearly everything.
 */

/** Chunks are at least and at most so long, and about 10 KiB in the mean. */
const CHUNK_MIN = 2048;
const CHUNK_MAX = 32_768;
/** As many high bits of the sum, which hang on the last 32 bytes, are zero at an end: one place in 8192. */
const END_MASK = 0xfff8_0000;

/** A number for each byte, well mixed (MurmurHash3's finalizer), the same everywhere. */
const GEAR = Uint32Array.from({ length: 256 }, (_, byte) => {
  let mixed = Math.imul(byte + 1, 0x9e37_79b1);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return mixed ^ (mixed >>> 16);
});

/** The bytes, cut: views on them, in their order. */
export function cutChunks(bytes: Uint8Array): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let start = 0;
  while (start < bytes.length) {
    const end = endOfChunk(bytes, start);
    chunks.push(bytes.subarray(start, end));
    start = end;
  }
  return chunks;
}

function endOfChunk(bytes: Uint8Array, start: number): number {
  const last = Math.min(bytes.length, start + CHUNK_MAX);
  let sum = 0;
  for (let at = start + CHUNK_MIN; at < last; at++) {
    sum = ((sum << 1) + (GEAR[bytes[at] as number] as number)) | 0;
    if ((sum & END_MASK) === 0) return at + 1;
  }
  return last;
}
