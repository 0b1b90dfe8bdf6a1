/** What the runtime module exports: OPA's ABI, the fast path, what emitted code calls, built-ins. */
export * from "./builtins/index";

export {
  opa_malloc, opa_free, opa_json_parse, opa_json_dump, opa_value_parse, opa_value_dump, opa_value_free,
  opa_heap_ptr_get, opa_heap_ptr_set, opa_heap_blocks_stash,
  opa_heap_blocks_restore, opa_heap_stash_clear, opa_eval_ctx_new, opa_eval_ctx_set_input,
  opa_eval_ctx_set_data, opa_eval_ctx_set_entrypoint, opa_eval_ctx_get_result, opa_eval,
  evaluate as eval, entrypoints, builtins, rm_json_parses,
} from "./abi/opa";
export { opa_value_add_path, opa_value_remove_path } from "./abi/paths";
export {
  rm_link, rm_seed, rm_fuel, rm_fuel_used, rm_marks, rm_run, rm_builtin_errors, rm_builtin_error_text,
  memoPush, memoPop,
} from "./policy";
export { memoGeneration, runGeneration } from "./generation";
export {
  rm_request_open, rm_context, rm_context_word, rm_head_table, rm_request_id, rm_answers, rm_entrypoint_fuel, rm_bad_request, rm_decide, rm_decide_on,
} from "./abi/decide";
export { rm_record } from "./abi/record";
export {
  slotGet, slotMethod, slotTarget, slotAuthority, slotField, slotKnownField, slotParsedPath, slotContext, needInput,
} from "./request/slots";
export { hostCall0, hostCall1, hostCall2, hostCall3, hostCall4 } from "./abi/host";
export { fuel, depth, setStrict as rm_strict, hostBuiltinError as rm_host_error, hostTypeError as rm_host_type_error, rm_burn, rm_fuel_slice, outOfFuel } from "./failure";
export { setMemoryMax as rm_memory_max } from "./memory";
export {
  tooDeep, resultOf, isEqual, isAtomText, getAtom, lengthOf, scanStart, assignConflict, objectInsertOnce, functionAt, newObject, newSet,
} from "./policy-calls";
export { indexFind } from "./rule-index";
export { indexData } from "./data-index/build";
export { narrow } from "./data-index/find";
export { memoCounts, memoFind, memoKeep, NO_VALUE } from "./memo";
export { gathered, beginGathering, gathersTooMuch, keepGathered } from "./gathering";
export { gatherArray, gatherSet, gatherObject } from "./gather";
export { makeArray, arrayPush } from "./value/array";
export { objectInsert, objectGet } from "./value/object";
export { setAdd } from "./value/set";
export { valueGet, baseGet, scanLength, merge, upsert } from "./value/access";
export { NULL_VALUE, FALSE_VALUE, TRUE_VALUE } from "./value/value";
