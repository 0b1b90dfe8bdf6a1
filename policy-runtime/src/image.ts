/**
 * An opened instance as bytes: its memory up to the heap's mark, with data read, sealed and indexed, and the
 * globals that can change. Another instance of the same module that takes them is in the same state, without
 * having read a document: one thread opens a policy with large data, and others go on with it.
 */
import type { Instance } from "./instance.ts";

export type PolicyImage = {
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  /** Pages that the memory had. */
  readonly pages: number;
  /** In the order of their names. */
  readonly globals: readonly (number | bigint)[];
  /** Where the host writes a request's head. */
  readonly headAt: number;
};

/** What the linker calls a global that can change (policy-compiler/src/link/append.ts), before its number. */
export const GLOBAL_PREFIX = "g";

const PAGE = 65_536;
/** Copied at once: a quarter of a millisecond where its pages are new. */
const PIECE_BYTES = 256 * 1024;

/** The state of an instance that nothing is being asked. */
export function takeImage(open: Instance, headAt: number): PolicyImage {
  const { exports, memory } = open;
  const bytes = new Uint8Array(new SharedArrayBuffer(exports.opa_heap_ptr_get()));
  bytes.set(open.bytes().subarray(0, bytes.length));
  const pages = memory.buffer.byteLength / PAGE;
  return { bytes, pages, globals: globalsOf(open).map(({ value }) => value), headAt };
}

/** Gives a new instance the state; awaits `pause` between pieces. Throws RangeError where there is no memory for it. */
export async function putImage(open: Instance, image: PolicyImage, pause: () => Promise<void>): Promise<void> {
  const globals = globalsOf(open);
  if (globals.length !== image.globals.length) throw new Error("the image is another module's");
  const more = image.pages - open.memory.buffer.byteLength / PAGE;
  if (more > 0) open.memory.grow(more);
  for (let from = 0; from < image.bytes.length; from += PIECE_BYTES) {
    if (from > 0) await pause();
    open.bytes().set(image.bytes.subarray(from, from + PIECE_BYTES), from);
  }
  globals.forEach((global, i) => {
    global.value = image.globals[i] as number | bigint;
  });
}

/** An i64 is a bigint. */
type ChangingGlobal = { value: number | bigint };

function globalsOf({ exports }: Instance): readonly ChangingGlobal[] {
  const found = exports as unknown as Readonly<Record<string, ChangingGlobal | undefined>>;
  const globals: ChangingGlobal[] = [];
  for (let i = 0; ; i++) {
    const global = found[`${GLOBAL_PREFIX}${i}`];
    if (global === undefined) return globals;
    globals.push(global);
  }
}
