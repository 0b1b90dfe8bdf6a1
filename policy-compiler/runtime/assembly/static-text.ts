/** Texts of these sources: ASCII, and packed when the runtime is built, a byte a character (scripts/pack-statics.mjs). */

/** The i-th character of a text that stands in the sources: `charCodeAt` would look for it where it is not. */
// @ts-ignore: decorator
@inline
export function byteOf(text: string, i: i32): u8 {
  return load<u8>(changetype<usize>(text) + <usize>i);
}
