/**
 * Compiled patterns, found again by their text.
 *
 * Patterns of the policy (constants, sealed data) keep their programs, and the states of
 * the automaton that grows from them, in a shelf: a block below the heap's mark, made when
 * the module is linked. It only ever grows by whole records that nothing refers to before
 * they are complete, so an evaluation cut off anywhere leaves it sound; when it is full,
 * the next look-up empties it. All other patterns live as long as the evaluation.
 *
 *   shelf: [buckets 64 × 4][programs and states →]
 */
import { burn } from "../failure";
import { alloc, heapPtr, setHeapPtr } from "../memory";
import { hashBytes } from "../value/hash-bits";
import { parseGlob } from "./glob";
import { parseRegex } from "./parse";
import { P_BYTES, P_KEPT, P_KEY, P_KEY_LENGTH, P_KIND, P_NEXT, makeProgram } from "./program";

export const REGEX: u32 = 0;
export const GLOB: u32 = 1;
/** A glob whose `*` and `?` match everything. */
export const GLOB_WITHOUT_DELIMITERS: u32 = 2;

const SHELF_BYTES: usize = 128 * 1024;
const SHELF_BUCKETS: u32 = 64;

let shelf: usize = 0;
let shelfPtr: usize = 0;
let isFull: bool = false;
/** Programs of the current evaluation. */
let passing: usize = 0;

/** Takes the shelf from the heap; before the heap is sealed. */
export function startPrograms(): void {
  shelf = alloc(SHELF_BYTES);
  emptyShelf();
  passing = 0;
}

/** The programs of the evaluation before are gone with its heap. */
export function dropPassingPrograms(): void {
  passing = 0;
}

function emptyShelf(): void {
  memory.fill(shelf, 0, <usize>SHELF_BUCKETS << 2);
  shelfPtr = shelf + (<usize>SHELF_BUCKETS << 2);
  isFull = false;
}

/** Room beside a program: on its shelf or on the heap; 0 where the shelf has none left. */
export function roomFor(program: usize, bytes: usize): usize {
  if (load<u32>(program, P_KEPT) == 0) return alloc(bytes);
  const at = shelfPtr;
  const next = at + ((bytes + 7) & ~7);
  if (next > shelf + SHELF_BYTES) {
    isFull = true;
    return 0;
  }
  shelfPtr = next;
  return at;
}

/** The shelf is to be emptied: a program has grown as far as it may. */
export function giveUpShelf(program: usize): void {
  if (load<u32>(program, P_KEPT) != 0) isFull = true;
}

/**
 * The program of a pattern, or 0 with the reason in `fault`. The key is the pattern, for
 * globs `delimiters NUL pattern`; `isLasting` says that it belongs to the policy.
 */
export function programFor(kind: u32, key: usize, length: i32, isLasting: bool): usize {
  if (length > 256) burn(length >> 6);
  const bucket = (hashBytes(key, length) + kind) & (SHELF_BUCKETS - 1);
  const keeps = isLasting && shelf != 0;
  if (keeps) {
    if (isFull) emptyShelf();
    const known = find(<usize>load<u32>(shelf + (<usize>bucket << 2)), kind, key, length);
    if (known != 0) return known;
  } else {
    if (passing >= heapPtr) passing = 0;
    const known = find(passing, kind, key, length);
    if (known != 0) return known;
  }
  const heap = heapPtr;
  const tree = kind == REGEX ? parseRegex(key, length) : parseGlob(key, length, kind == GLOB);
  if (tree == 0) return 0;
  const program = makeProgram(tree, kind != REGEX, kind, key, length);
  if (program == 0) return 0;
  if (keeps) {
    const kept = shelve(program, bucket);
    if (kept != 0) {
      setHeapPtr(heap);
      return kept;
    }
  }
  store<u32>(program, <u32>passing, P_NEXT);
  passing = program;
  return program;
}

function find(first: usize, kind: u32, key: usize, length: i32): usize {
  for (let program = first; program != 0; program = <usize>load<u32>(program, P_NEXT)) {
    burn(1);
    if (load<i32>(program, P_KEY_LENGTH) != length || load<u32>(program, P_KIND) != kind) continue;
    if (memory.compare(program + <usize>load<u32>(program, P_KEY), key, length) == 0) return program;
  }
  return 0;
}

/** A copy on the shelf; 0 where even an empty one has no room for it. */
function shelve(program: usize, bucket: u32): usize {
  const bytes = <usize>load<u32>(program, P_BYTES);
  if (bytes > SHELF_BYTES >> 2) return 0;
  if (shelfPtr + bytes > shelf + SHELF_BYTES) emptyShelf();
  const copy = shelfPtr;
  memory.copy(copy, program, bytes);
  store<u32>(copy, 1, P_KEPT);
  const head = shelf + (<usize>bucket << 2);
  store<u32>(copy, load<u32>(head), P_NEXT);
  shelfPtr = copy + bytes;
  store<u32>(head, <u32>copy);
  return copy;
}
