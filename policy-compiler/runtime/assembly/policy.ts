/**
 * The seam to the code that the linker appends: where its functions stand in the table,
 * its constants, and the memory of rules already evaluated.
 *
 * A rule without arguments keeps its value per generation: 8 bytes {generation u32, value}
 * in the memo table, indexed by the emitted code. An evaluation is a new generation, and
 * so is every `with` scope, which goes back to the outer one at its end.
 */
import { builtinErrorCount, firstErrorText, fuel, resetFailure, setFuel } from "./failure";
import { sealHeap, startHeap } from "./memory";
import { enterAtoms } from "./value/atoms";
import { setHashSeed } from "./value/hash";
import { seal } from "./value/seal";
import { parseJson } from "./json/read";
import { forgetHost, linkHost } from "./builtins/host";
import { dropPassingPrograms, startPrograms } from "./regex/store";
import { clearSlots, linkSlots } from "./request/slots";

let planTable: u32 = 0;
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

/** The current generation; emitted code compares and stores it. */
export let memoGeneration: u32 = 0;
let lastGeneration: u32 = 0;
/** The generation that the evaluation began with: what a rule that fired writes to its mark. */
export let runGeneration: u32 = 0;

/** Steps of one evaluation. */
let fuelPerRun: i64 = i64.MAX_VALUE;

/** Called once by the module's start function with the addresses of the linked block. */
export function rm_link(block: usize): void {
  heapStart = load<u32>(block, 0);
  planTable = load<u32>(block, 4);
  memoTable = load<u32>(block, 8);
  memoBytes = <usize>load<u32>(block, 12) << 3;
  atomCells = load<u32>(block, 16);
  atomCount = load<i32>(block, 20);
  entrypointsText = load<u32>(block, 24);
  entrypointsLength = load<i32>(block, 28);
  builtinsText = load<u32>(block, 32);
  builtinsLength = load<i32>(block, 36);
  valueTable = load<u32>(block, 40);
  valueCount = load<i32>(block, 44);
  valueTexts = load<u32>(block, 48);
  markTable = load<u32>(block, 52);
  markCount = load<i32>(block, 56);
  linkSlots(load<u32>(block, 60), load<i32>(block, 64));
  enterConstants();
}

function enterConstants(): void {
  startHeap(heapStart);
  enterAtoms(atomCells, atomCount);
  for (let i = 0; i < valueCount; i++) {
    const text = valueTexts + (<usize>i << 3);
    const value = seal(parseJson(<usize>load<u32>(text), load<i32>(text, 4), true));
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
  beginDecision();
}

/** As beginEvaluation, for a caller that sets the fuel of each entrypoint itself. */
export function beginDecision(): void {
  resetFailure();
  dropPassingPrograms();
  forgetHost();
  memoGeneration = nextGeneration();
  runGeneration = memoGeneration;
}

/** Forgets the values of rules, which an abort may have left half made; marks stay. */
export function forgetMemo(): void {
  memoGeneration = nextGeneration();
}

/** Steps that the evaluation has taken. */
export function rm_fuel_used(): f64 {
  return <f64>(fuelPerRun - fuel);
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
  memoGeneration = nextGeneration();
  return outer;
}

export function memoPop(outer: u32): void {
  memoGeneration = outer;
}

/** The results (an array of binding objects) of an entrypoint. */
export function runPlan(entrypoint: i32, input: usize, data: usize): usize {
  return call_indirect<usize>(planTable + entrypoint, input, data);
}
