/**
 * OPA's WASM ABI 1.3 (openpolicyagent.org/docs/wasm). A context is {input, data, result,
 * entrypoint}. What opa_json_parse gives is sealed: it is how an SDK loads data.
 */
import { abortWith, holdFuel, releaseFuel } from "../failure";
import { alloc, heapPtr, setHeapPtr } from "../memory";
import { beginEvaluation, builtinNames, entrypointNames, runPlan } from "../policy";
import { parseJson } from "../json/read";
import { REGO, dumpText } from "../json/write";
import { seal } from "../value/seal";

let jsonParses: i32 = 0;

/** Calls of opa_json_parse since the start; a request on the fast path makes none. */
export function rm_json_parses(): i32 {
  return jsonParses;
}

export function opa_malloc(size: usize): usize {
  return alloc(size);
}

export function opa_free(_ptr: usize): void {}

export function opa_json_parse(ptr: usize, length: i32): usize {
  jsonParses++;
  return parseFor(ptr, length, false);
}

export function opa_value_parse(ptr: usize, length: i32): usize {
  return parseFor(ptr, length, true);
}

export function opa_json_dump(value: usize): usize {
  return dumpFor(value, 0);
}

export function opa_value_dump(value: usize): usize {
  return dumpFor(value, REGO);
}

function parseFor(ptr: usize, length: i32, rego: bool): usize {
  holdFuel();
  const value = seal(parseJson(ptr, length, rego));
  releaseFuel();
  return value;
}

function dumpFor(value: usize, mode: i32): usize {
  holdFuel();
  const text = dumpText(value, mode);
  releaseFuel();
  return text;
}

export function opa_value_free(_value: usize): void {}

export function opa_heap_ptr_get(): usize {
  return heapPtr;
}

export function opa_heap_ptr_set(at: usize): void {
  setHeapPtr(at);
}

// Nothing is freed singly, so there are no free blocks to put aside; the host keeps the heap pointer itself.

export function opa_heap_blocks_stash(): void {}

export function opa_heap_blocks_restore(): void {}

export function opa_heap_stash_clear(): void {}

export function opa_eval_ctx_new(): usize {
  const ctx = alloc(16);
  memory.fill(ctx, 0, 16);
  return ctx;
}

export function opa_eval_ctx_set_input(ctx: usize, value: usize): void {
  store<u32>(ctx, <u32>value, 0);
}

export function opa_eval_ctx_set_data(ctx: usize, value: usize): void {
  store<u32>(ctx, <u32>value, 4);
}

export function opa_eval_ctx_set_entrypoint(ctx: usize, entrypoint: i32): void {
  store<i32>(ctx, entrypoint, 12);
}

export function opa_eval_ctx_get_result(ctx: usize): usize {
  return <usize>load<u32>(ctx, 8);
}

export function evaluate(ctx: usize): i32 {
  beginEvaluation();
  const results = runPlan(load<i32>(ctx, 12), <usize>load<u32>(ctx, 0), <usize>load<u32>(ctx, 4));
  store<u32>(ctx, <u32>results, 8);
  return 0;
}

/** One call for all: the input's text in, the results' text out; format 0 is JSON, 1 Rego's own. */
export function opa_eval(
  _reserved: usize,
  entrypoint: i32,
  data: usize,
  input: usize,
  inputLength: i32,
  heap: usize,
  format: i32,
): usize {
  setHeapPtr(heap);
  beginEvaluation();
  let value: usize = 0;
  if (input != 0 && inputLength > 0) {
    value = parseJson(input, inputLength);
    if (value == 0) abortWith("rm_input: the input is not JSON, or deeper than 10000 levels");
  }
  return dumpText(runPlan(entrypoint, value, data), format == 1 ? REGO : 0);
}

export function entrypoints(): usize {
  return entrypointNames();
}

export function builtins(): usize {
  return builtinNames();
}
