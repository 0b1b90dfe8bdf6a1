/**
 * The fast path: one call answers every entrypoint that a request needs.
 *
 * The host copies the raw head to `rm_request_open`'s address, its spans to the head table
 * and the connection's facts to the context block, then calls `rm_decide`. Each entrypoint
 * asked leaves an answer {state, value, steps used} in the table of answers. An abort leaves the
 * answer of the entrypoint that was running at STATE_RUNNING; the host calls `rm_decide_on` with
 * those still to ask, so that one which runs away never loses an answer already given. What a
 * value says, `rm_record` gives in the fixed places of a decision's record.
 */
import { fixNow } from "../builtins/host";
import { fuelLeft, resetDepth, setFuel } from "../failure";
import { resetGathering } from "../gathering";
import {
  ANSWER_SIZE, ANSWER_STEPS, ANSWER_VALUE, ENTRYPOINTS_MAX, REQUEST_ID_BYTES_MAX, STATE_FALSE, STATE_RUNNING, STATE_TRUE,
  STATE_UNDEFINED, STATE_VALUE, STRING_CELL_HASH, STRING_CELL_LENGTH,
} from "../layout";
import { alloc, allocZeroed, resetHeap, sealHeap } from "../memory";
import { answerOf, beginDecision, forgetMemo, makeDataIndexes } from "../policy";
import { LAZY_INPUT, beginRequest, forgetDocument } from "../request/slots";
import { contextBlock, contextWord, headTable, openRegion, setDestinationValue, setHead } from "../request/region";
import { isBadRequest } from "../request/target";
import { makeAtoms } from "../value/seal";
import { STRING, isFalse, isTrue, makeView } from "../value/value";

let answers: usize = 0;
let fuels: usize = 0;
let idPtr: usize = 0;
let idCell: usize = 0;
let data: usize = 0;

/**
 * Makes room for requests with heads of up to `headBytes`, after data and destination were
 * loaded; from here on the heap's mark stands. Gives the head's address.
 */
export function rm_request_open(headBytes: i32, contextBytes: i32, dataValue: usize, destinationValue: usize): usize {
  data = makeAtoms(dataValue);
  setDestinationValue(makeAtoms(destinationValue));
  makeDataIndexes(data);
  answers = allocZeroed(ENTRYPOINTS_MAX * ANSWER_SIZE);
  fuels = alloc(ENTRYPOINTS_MAX << 3);
  for (let i: usize = 0; i < ENTRYPOINTS_MAX; i++) store<i64>(fuels + (i << 3), i64.MAX_VALUE);
  idPtr = alloc(REQUEST_ID_BYTES_MAX);
  idCell = makeView(idPtr, 0);
  const head = openRegion(headBytes, contextBytes);
  sealHeap();
  return head;
}

export function rm_context(): usize {
  return contextBlock();
}

/** Where the host says which context block counts, if it is not the one at `rm_context`. */
export function rm_context_word(): usize {
  return contextWord;
}

/** Where the host writes the spans of the head. */
export function rm_head_table(): usize {
  return headTable;
}

/** Where the host writes the request's id, REQUEST_ID_BYTES_MAX at most. */
export function rm_request_id(): usize {
  return idPtr;
}

export function rm_answers(): usize {
  return answers;
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
  store<u32>(idCell, STRING); // other bytes: what was said of those before is void
  store<u32>(idCell, <u32>idBytes, STRING_CELL_LENGTH);
  store<u32>(idCell, 0, STRING_CELL_HASH);
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
    const answer = answers + <usize>index * ANSWER_SIZE;
    store<u32>(answer, STATE_RUNNING);
    const steps = load<i64>(fuels + (<usize>index << 3));
    setFuel(steps);
    resetGathering();
    resetDepth();
    const value = answerOf(index, LAZY_INPUT, data);
    store<i64>(answer, steps - fuelLeft(), ANSWER_STEPS);
    store<u32>(answer, <u32>value, ANSWER_VALUE);
    let state = STATE_VALUE;
    if (value == 0) state = STATE_UNDEFINED;
    else if (isTrue(value)) state = STATE_TRUE;
    else if (isFalse(value)) state = STATE_FALSE;
    store<u32>(answer, state);
  }
}
