/**
 * The fast path: one call answers every entrypoint that a request needs.
 *
 * The host copies the raw head to `rm_request_open`'s address and the connection's facts to
 * the context block, then calls `rm_decide`. Each entrypoint asked leaves a record of 16
 * bytes {state, value, steps used u64} in the record table. An abort leaves the record of the
 * entrypoint that was running at RUNNING; the host calls `rm_decide_on` with those still to
 * ask, so that one which runs away never loses an answer already given.
 */
import { fixNow } from "../builtins/host";
import { fuel, resetDepth, setFuel } from "../failure";
import { alloc, allocZeroed, resetHeap, sealHeap } from "../memory";
import { beginDecision, forgetMemo, runPlan } from "../policy";
import { LAZY_INPUT, beginRequest, forgetDocument } from "../request/slots";
import { contextBlock, openRegion, setDestinationValue, setHead } from "../request/region";
import { isBadRequest } from "../request/target";
import { entriesOf, entryCount } from "../value/entries";
import { objectGet } from "../value/object";
import { hashString } from "../value/hash";
import { isFalse, isTrue, makeText, makeView } from "../value/value";

const UNDEFINED_STATE: u32 = 1;
const TRUE_STATE: u32 = 2;
const FALSE_STATE: u32 = 3;
/** Any other value. */
const VALUE_STATE: u32 = 4;
const RUNNING: u32 = 5;

const ENTRYPOINTS_MAX: usize = 31;
const ID_BYTES_MAX: usize = 128;

let records: usize = 0;
let fuels: usize = 0;
let idPtr: usize = 0;
let idCell: usize = 0;
let resultKey: usize = 0;
let data: usize = 0;

/**
 * Makes room for requests with heads of up to `headBytes`, after data and destination were
 * loaded; from here on the heap's mark stands. Gives the head's address.
 */
export function rm_request_open(headBytes: i32, contextBytes: i32, dataValue: usize, destinationValue: usize): usize {
  data = dataValue;
  setDestinationValue(destinationValue);
  records = allocZeroed(ENTRYPOINTS_MAX << 4);
  fuels = alloc(ENTRYPOINTS_MAX << 3);
  for (let i: usize = 0; i < ENTRYPOINTS_MAX; i++) store<i64>(fuels + (i << 3), i64.MAX_VALUE);
  idPtr = alloc(ID_BYTES_MAX);
  idCell = makeView(idPtr, 0);
  resultKey = makeText("result");
  hashString(resultKey);
  const head = openRegion(headBytes, contextBytes);
  sealHeap();
  return head;
}

export function rm_context(): usize {
  return contextBlock();
}

/** Where the host writes the request's id, 128 bytes at most. */
export function rm_request_id(): usize {
  return idPtr;
}

export function rm_records(): usize {
  return records;
}

/** Steps that entrypoint `index` may take. */
export function rm_entrypoint_fuel(index: i32, steps: f64): void {
  store<i64>(fuels + (<usize>index << 3), steps < 9e18 ? <i64>steps : i64.MAX_VALUE);
}

/** The policy asked for a path or query that is malformed. */
export function rm_bad_request(): bool {
  return isBadRequest;
}

/** Asks the entrypoints of `mask` about the head of `headBytes` bytes that the host has written. */
export function rm_decide(headBytes: i32, idBytes: i32, mask: u32, nowMs: f64): void {
  resetHeap();
  beginDecision();
  fixNow(nowMs);
  store<u32>(idCell, <u32>idBytes, 4);
  store<u32>(idCell, 0, 8);
  setHead(headBytes, idBytes > 0 ? idCell : 0, nowMs);
  beginRequest();
  ask(mask);
}

/** Goes on after an abort, with nothing that the aborted entrypoint may have left half made. */
export function rm_decide_on(mask: u32): void {
  forgetMemo();
  forgetDocument();
  ask(mask);
}

function ask(mask: u32): void {
  let left = mask;
  while (left != 0) {
    const index = <i32>ctz(left);
    left &= left - 1;
    const record = records + (<usize>index << 4);
    store<u32>(record, RUNNING);
    const steps = load<i64>(fuels + (<usize>index << 3));
    setFuel(steps);
    resetDepth();
    const results = runPlan(index, LAZY_INPUT, data);
    store<i64>(record, steps - fuel, 8);
    // A plan gives a set of objects {"result": value}: one, or none.
    const value: usize = entryCount(results) == 0 ? 0 : objectGet(<usize>load<u32>(entriesOf(results)), resultKey);
    store<u32>(record, <u32>value, 4);
    let state = VALUE_STATE;
    if (value == 0) state = UNDEFINED_STATE;
    else if (isTrue(value)) state = TRUE_STATE;
    else if (isFalse(value)) state = FALSE_STATE;
    store<u32>(record, state);
  }
}
