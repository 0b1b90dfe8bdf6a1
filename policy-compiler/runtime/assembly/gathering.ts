/**
 * When a function gathers, and what that may take. It does for all members what its callers do for those that they ask
 * for: a member that nobody asks for can be dearer than all others together. So all that gatherings of an evaluation take is at most
 * twice what the evaluation takes besides, a quarter of the fuel that is left, and a quarter of the memory;
 * a gathering that would take more is given up (op `give-up`), and tried again once there is more for it than was in vain.
 */
import { fuelLeft, fuelUsed, muteErrors, unmuteErrors } from "./failure";
import { memoGeneration } from "./generation";
import { NO_VALUE } from "./memo";
import { alloc, heapPtr, roomOf } from "./memory";
import { makeSmallInt } from "./value/value";

/** Calls in one generation in which the caller does without what a function gathers. */
const CALLS_FREE: i32 = 3;
/** Kept in place of a count where gathering met an error: the caller does without. */
const NOT_GATHERED: i32 = -1;

/** What gatherings of the evaluation have taken: units of fuel, those of them that were in vain, bytes. */
let unitsTaken: i64 = 0;
let unitsInVain: i64 = 0;
let bytesTaken: usize = 0;
/** Of the gathering under way: fuel that must be left, and where the heap may end. */
let fuelLeast: i64 = i64.MIN_VALUE;
let heapMost: usize = usize.MAX_VALUE;

/** No gathering is under way, and none has taken anything. */
export function resetGathering(): void {
  unitsTaken = 0;
  unitsInVain = 0;
  bytesTaken = 0;
  fuelLeast = i64.MIN_VALUE;
  heapMost = usize.MAX_VALUE;
}

/** Of a function that gathers: what it has given, 0 where its caller does without, NO_VALUE where it is to gather now. */
export function gathered(slot: usize): usize {
  if (load<u32>(slot) != memoGeneration) {
    store<u32>(slot, memoGeneration);
    store<u32>(slot, <u32>makeSmallInt(1), 4);
    return 0;
  }
  const word = <usize>load<u32>(slot, 4);
  if (!(word & 1)) return word;
  const calls = <i32>word >> 1;
  if (calls == NOT_GATHERED) return 0;
  if (calls >= CALLS_FREE) return mayGather() ? NO_VALUE : 0;
  store<u32>(slot, <u32>word + 2, 4);
  return 0;
}

/** Units that a gathering may take now, but for what is left. */
function unitsFree(): i64 {
  return 2 * (fuelUsed() - unitsTaken) - unitsTaken;
}

function mayGather(): bool {
  return unitsFree() >= unitsInVain && roomOf(bytesTaken) > 0;
}

/** A gathering under way: what was when it began. */
const HELD_ERRORS: usize = 0;
const HELD_BYTES: usize = 4;
const HELD_HEAP: usize = 8;
const HELD_HEAP_MOST: usize = 12;
const HELD_FUEL: usize = 16;
const HELD_FUEL_LEAST: usize = 24;
const HELD_UNITS: usize = 32;
const HELD_IN_VAIN: usize = 40;
const HELD_SIZE: usize = 48;

/** Gives what `keepGathered` wants; errors of built-ins are mute until then. */
export function beginGathering(): usize {
  const held = alloc(HELD_SIZE);
  const left = fuelLeft();
  store<i32>(held, muteErrors(), HELD_ERRORS);
  store<u32>(held, <u32>bytesTaken, HELD_BYTES);
  store<u32>(held, <u32>heapPtr, HELD_HEAP);
  store<u32>(held, <u32>heapMost, HELD_HEAP_MOST);
  store<i64>(held, left, HELD_FUEL);
  store<i64>(held, fuelLeast, HELD_FUEL_LEAST);
  store<i64>(held, unitsTaken, HELD_UNITS);
  store<i64>(held, unitsInVain, HELD_IN_VAIN);
  const free = unitsFree();
  const least = left - (free < left >> 2 ? free : left >> 2);
  if (least > fuelLeast) fuelLeast = least;
  const most = heapPtr + roomOf(bytesTaken);
  if (most < heapMost) heapMost = most;
  return held;
}

/** The gathering under way takes more than it may. */
export function gathersTooMuch(): bool {
  return fuelLeft() < fuelLeast || heapPtr > heapMost;
}

/**
 * Keeps what was gathered, and gives it; 0 was given up. It looks at more than its callers do one by one: where it met an
 * error of a built-in, which they perhaps never meet, it is as if it had not been called. `held`: of `beginGathering`.
 */
export function keepGathered(slot: usize, held: usize, value: usize): usize {
  const isWhole = unmuteErrors(load<i32>(held, HELD_ERRORS));
  const units = load<i64>(held, HELD_FUEL) - fuelLeft();
  unitsTaken = load<i64>(held, HELD_UNITS) + units;
  bytesTaken = <usize>load<u32>(held, HELD_BYTES) + (heapPtr - <usize>load<u32>(held, HELD_HEAP));
  fuelLeast = load<i64>(held, HELD_FUEL_LEAST);
  heapMost = <usize>load<u32>(held, HELD_HEAP_MOST);
  if (isWhole && value != 0) {
    // Not where a modifier inside of it took the slot.
    if (load<u32>(slot) == memoGeneration) store<u32>(slot, <u32>value, 4);
    return value;
  }
  unitsInVain = load<i64>(held, HELD_IN_VAIN) + units;
  if (!isWhole && load<u32>(slot) == memoGeneration) store<u32>(slot, <u32>makeSmallInt(NOT_GATHERED), 4);
  return 0;
}
