/**
 * The policy's constant strings ("atoms"), those in its constant collections too, and on the fast path those of
 * its data: one cell each, found by their bytes. A string that is an atom carries ATOM; two different atoms are never equal.
 */
import { allocZeroed } from "../memory";
import { equalBytes } from "./bytes";
import { hashString } from "./hash";
import { ATOM, CHECKED, clearFlag, setFlag, stringLen, stringPtr } from "./value";

let table: usize = 0;
let mask: u32 = 0;
let entered: u32 = 0;

/** Hashes and enters `count` string cells of 16 bytes that lie behind each other. */
export function enterAtoms(cells: usize, count: i32): void {
  let slots: u32 = 16;
  while (slots < <u32>count << 2) slots <<= 1;
  table = allocZeroed(<usize>slots << 2);
  mask = slots - 1;
  entered = <u32>count;
  for (let i = 0; i < count; i++) {
    const cell = cells + (<usize>i << 4);
    store<u32>(cell, 0, 8);
    put(cell);
    setFlag(cell, ATOM);
  }
}

/** The atom equal to the string, or the string itself, which then is CHECKED. Not for sealed strings: they have been. */
export function internAtom(value: usize): usize {
  if (load<u32>(value) & (ATOM | CHECKED)) return value;
  if (table == 0) return value;
  const hash = hashString(value);
  const length = stringLen(value);
  let slot = hash & mask;
  while (true) {
    const atom = <usize>load<u32>(table + (<usize>slot << 2));
    if (atom == 0) {
      setFlag(value, CHECKED);
      return value;
    }
    if (load<u32>(atom, 8) == hash && stringLen(atom) == length && equalBytes(stringPtr(atom), stringPtr(value), length)) {
      return atom;
    }
    slot = (slot + 1) & mask;
  }
}

/**
 * The atom equal to a string that stays, which becomes one where there is none. Only before anything is decided:
 * a string that was CHECKED was not compared with later atoms.
 */
export function makeAtom(value: usize): usize {
  clearFlag(value, CHECKED);
  const atom = internAtom(value);
  if (atom != value || load<u32>(value) & ATOM) return atom;
  clearFlag(value, CHECKED);
  setFlag(value, ATOM);
  if (++entered << 1 > mask) growTable();
  put(value);
  return value;
}

function put(cell: usize): void {
  let slot = hashString(cell) & mask;
  while (load<u32>(table + (<usize>slot << 2)) != 0) slot = (slot + 1) & mask;
  store<u32>(table + (<usize>slot << 2), <u32>cell);
}

function growTable(): void {
  const old = table;
  const slots = mask + 1;
  table = allocZeroed(<usize>slots << 4);
  mask = (slots << 2) - 1;
  for (let i: u32 = 0; i < slots; i++) {
    const cell = load<u32>(old + (<usize>i << 2));
    if (cell != 0) put(<usize>cell);
  }
}
