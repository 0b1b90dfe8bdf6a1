/**
 * The seam to the code that the linker appends: where its functions stand in the table,
 * its constants, and the memory of rules already evaluated.
 *
 * A rule without arguments keeps its value per generation: 8 bytes {generation u32, value}
 * in the memo table, indexed by the emitted code. An evaluation is a new generation, and
 * so is every `with` scope, which goes back to the outer one at its end.
 */
import { builtinErrorCount, firstErrorText, fuelLeft, resetFailure, setFuel } from "./failure";
import { resetGathering } from "./gathering";
import { enterGeneration, memoGeneration, runGeneration, startRun } from "./generation";
import {
  LINK_ANSWER_TABLE, LINK_ATOM_CELLS, LINK_ATOM_COUNT, LINK_BUILTINS_LENGTH, LINK_BUILTINS_TEXT, LINK_DATA_TABLE, LINK_ENTRYPOINTS_LENGTH,
  LINK_ENTRYPOINTS_TEXT, LINK_HEAP_START, LINK_MARK_COUNT, LINK_MARK_TABLE, LINK_MEMO_SLOTS, LINK_MEMO_TABLE,
  LINK_PLAN_TABLE, LINK_SLOT_COUNT, LINK_SLOT_TABLE, LINK_VALUE_COUNT, LINK_VALUE_TABLE, LINK_VALUE_TEXTS,
} from "./layout";
import { sealHeap, startHeap } from "./memory";
import { enterAtoms } from "./value/atoms";
import { setHashSeed } from "./value/hash-bits";
import { makeAtoms, seal } from "./value/seal";
import { parseJson } from "./json/read";
import { forgetHost, linkHost } from "./builtins/host";
import { dropPassingPrograms, startPrograms } from "./regex/store";
import { clearSlots, linkSlots } from "./request/slots";

let planTable: u32 = 0;
let answerTable: u32 = 0;
let dataTable: u32 = 0;
let memoTable: usize = 0;
let memoBytes: usize = 0;
let atomCells: usize = 0;
let atomCount: i32 = 0;
let entrypointsText: usize = 0;
let entrypointsLength: i32 = 0;
let builtinsText: usize = 0;
let builtinsLength: i32 = 0;
let heapStart: usize = 0;
let valueTable: usize = 0;
let valueCount: i32 = 0;
let valueTexts: usize = 0;
let markTable: usize = 0;
let markCount: i32 = 0;

let lastGeneration: u32 = 0;

/** Steps of one evaluation. */
let fuelPerRun: i64 = i64.MAX_VALUE;

/** Called once by the module's start function with the addresses of the linked block. */
export function rm_link(block: usize): void {
  heapStart = load<u32>(block, LINK_HEAP_START);
  planTable = load<u32>(block, LINK_PLAN_TABLE);
  answerTable = load<u32>(block, LINK_ANSWER_TABLE);
  dataTable = load<u32>(block, LINK_DATA_TABLE);
  memoTable = load<u32>(block, LINK_MEMO_TABLE);
  memoBytes = <usize>load<u32>(block, LINK_MEMO_SLOTS) << 3;
  atomCells = load<u32>(block, LINK_ATOM_CELLS);
  atomCount = load<i32>(block, LINK_ATOM_COUNT);
  entrypointsText = load<u32>(block, LINK_ENTRYPOINTS_TEXT);
  entrypointsLength = load<i32>(block, LINK_ENTRYPOINTS_LENGTH);
  builtinsText = load<u32>(block, LINK_BUILTINS_TEXT);
  builtinsLength = load<i32>(block, LINK_BUILTINS_LENGTH);
  valueTable = load<u32>(block, LINK_VALUE_TABLE);
  valueCount = load<i32>(block, LINK_VALUE_COUNT);
  valueTexts = load<u32>(block, LINK_VALUE_TEXTS);
  markTable = load<u32>(block, LINK_MARK_TABLE);
  markCount = load<i32>(block, LINK_MARK_COUNT);
  linkSlots(load<u32>(block, LINK_SLOT_TABLE), load<i32>(block, LINK_SLOT_COUNT));
  enterConstants();
}

function enterConstants(): void {
  startHeap(heapStart);
  enterAtoms(atomCells, atomCount);
  for (let i = 0; i < valueCount; i++) {
    const text = valueTexts + (<usize>i << 3);
    const value = makeAtoms(seal(parseJson(<usize>load<u32>(text), load<i32>(text, 4), true)));
    store<u32>(valueTable + (<usize>i << 2), <u32>value);
  }
  linkHost(builtinNames());
  startPrograms();
  sealHeap();
}

/** Another seed for the hashes; only before data is loaded. */
export function rm_seed(seed: u32): void {
  setHashSeed(seed);
  enterConstants();
}

/** Steps that each evaluation may take from now on. */
export function rm_fuel(steps: f64): void {
  fuelPerRun = steps < 9e18 ? <i64>steps : i64.MAX_VALUE;
}

export function entrypointNames(): usize {
  return parseJson(entrypointsText, entrypointsLength);
}

export function builtinNames(): usize {
  return parseJson(builtinsText, builtinsLength);
}

function nextGeneration(): u32 {
  if (lastGeneration == 0xffffffff) {
    memory.fill(memoTable, 0, memoBytes);
    memory.fill(markTable, 0, <usize>markCount << 2);
    clearSlots();
    lastGeneration = 0;
  }
  return ++lastGeneration;
}

export function beginEvaluation(): void {
  setFuel(fuelPerRun);
  resetGathering();
  beginDecision();
}

/** As beginEvaluation, for a caller that sets the fuel of each entrypoint itself. */
export function beginDecision(): void {
  resetFailure();
  dropPassingPrograms();
  forgetHost();
  startRun(nextGeneration());
}

/** Forgets the values of rules, which an abort may have left half made; marks stay. */
export function forgetMemo(): void {
  enterGeneration(nextGeneration());
}

/** Steps that the evaluation has taken. */
export function rm_fuel_used(): f64 {
  return <f64>(fuelPerRun - fuelLeft());
}

/** Address of a u32 for each rule, which equals `rm_run` where the rule fired in the last evaluation. */
export function rm_marks(): usize {
  return markTable;
}

export function rm_run(): u32 {
  return runGeneration;
}

export function rm_builtin_errors(): i32 {
  return builtinErrorCount;
}

/** Zero-terminated text of the evaluation's first built-in error. */
export function rm_builtin_error_text(): usize {
  return firstErrorText();
}

/** Opens a `with` scope; gives the generation to go back to. */
export function memoPush(): u32 {
  const outer = memoGeneration;
  enterGeneration(nextGeneration());
  return outer;
}

export function memoPop(outer: u32): void {
  enterGeneration(outer);
}

/** The value that an entrypoint gives, or undefined (0): `result` of its one result. */
export function answerOf(entrypoint: i32, input: usize, data: usize): usize {
  return call_indirect<usize>(answerTable + entrypoint, input, data);
}

/** Makes the indexes of data that the policy asks, of data whose strings are atoms. */
export function makeDataIndexes(data: usize): void {
  if (dataTable != 0) call_indirect<usize>(dataTable, data, data);
}

/** The results (an array of binding objects) of an entrypoint. */
export function runPlan(entrypoint: i32, input: usize, data: usize): usize {
  return call_indirect<usize>(planTable + entrypoint, input, data);
}
