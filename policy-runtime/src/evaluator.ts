/**
 * Asks a policy module through OPA's ABI: JSON text in, JSON text out. For tests of
 * policies, the command line and conformance; the proxy has a faster way of its own.
 */
import {
  type Fault,
  faultOf,
  type Instance,
  type InstanceOptions,
  openInstance,
  PolicyAbort,
  readValue,
  textAt,
  writeText,
} from "./instance.ts";
import type { ModuleMeta, RulePlace } from "./module-meta.ts";

export type EvaluatorOptions = InstanceOptions & {
  /** JSON of the base documents; `{}` where absent. */
  readonly data?: string | Uint8Array;
};

export type EvaluateOptions = {
  /** The first built-in error ends the evaluation. */
  readonly strict?: boolean;
  /** The input is a Rego term (sets, keys of any kind) instead of JSON. */
  readonly inputIsRego?: boolean;
};

/** `text` is a JSON array of the results: for a rule's entrypoint `[{"result": …}]`, or `[]` where it is undefined. */
export type Evaluation = (Fault | { readonly kind: "results"; readonly text: string }) & {
  /** Built-in errors met; each made its expression undefined. */
  readonly builtinErrors: number;
  /** Text of the first of them. */
  readonly builtinError: string | undefined;
  readonly fuelUsed: number;
};

export interface Evaluator {
  /** Undefined for a module that our compiler did not make. */
  readonly meta: ModuleMeta | undefined;
  readonly entrypoints: readonly string[];
  /** Replaces the base documents. Throws PolicyAbort (`rm_input`, `rm_memory`) where it cannot; there are none then. */
  setData(text: string | Uint8Array): void;
  /** Asks an entrypoint, by name or number; input `undefined` is Rego's undefined. */
  evaluate(entrypoint: string | number, input: string | undefined, options?: EvaluateOptions): Evaluation;
  /** Rules that fired in the last evaluation. */
  firedRules(): readonly RulePlace[];
}

/** Throws where the module does not fit (WebAssembly's errors) or the data is not JSON. */
export function openEvaluator(options: EvaluatorOptions): Evaluator {
  const open = openInstance(options);
  const { exports } = open;
  const names = new Map(Object.entries(readValue(open, exports.entrypoints()) as Record<string, number>));
  const heapStart = exports.opa_heap_ptr_get();
  let data = 0;
  let heap = heapStart;

  const setData = (text: string | Uint8Array): void => {
    exports.opa_heap_ptr_set(heapStart);
    data = 0;
    heap = heapStart;
    const [ptr, length] = writeText(open, text);
    const value = exports.opa_json_parse(ptr, length);
    if (value === 0) throw new PolicyAbort("rm_input: the data is not JSON, or deeper than 10000 levels");
    data = value;
    heap = exports.opa_heap_ptr_get();
  };
  setData(options.data ?? "{}");

  return {
    meta: open.meta,
    entrypoints: [...names.keys()],
    setData,
    evaluate: (entrypoint, input, { strict = false, inputIsRego = false } = {}) => {
      const number = typeof entrypoint === "number" ? entrypoint : names.get(entrypoint);
      if (number === undefined) throw new Error(`the policy has no entrypoint ${entrypoint}`);
      exports.rm_strict?.(strict ? 1 : 0);
      exports.opa_heap_ptr_set(heap);
      let outcome: Fault | { kind: "results"; text: string };
      try {
        const at = inputIsRego ? runContext(open, number, data, input) : runText(open, number, data, input);
        outcome = { kind: "results", text: textAt(open.bytes(), at) };
      } catch (error) {
        outcome = faultOf(error);
      }
      return { ...outcome, ...countsOf(open) };
    },
    firedRules: () => firedRules(open),
  };
}

function runText(open: Instance, entrypoint: number, data: number, input: string | undefined): number {
  const [ptr, length] = input === undefined ? [0, 0] : writeText(open, input);
  if (input !== undefined && length === 0) throw new PolicyAbort("rm_input: the input is empty"); // in the ABI, none
  const heap = open.exports.opa_heap_ptr_get();
  return open.exports.opa_eval(0, entrypoint, data, ptr, length, heap, 0);
}

function runContext(open: Instance, entrypoint: number, data: number, input: string | undefined): number {
  const { exports } = open;
  const context = exports.opa_eval_ctx_new();
  if (input !== undefined) {
    const value = exports.opa_value_parse(...writeText(open, input));
    if (value === 0) throw new PolicyAbort("rm_input: the input is no ground Rego term");
    exports.opa_eval_ctx_set_input(context, value);
  }
  exports.opa_eval_ctx_set_data(context, data);
  exports.opa_eval_ctx_set_entrypoint(context, entrypoint);
  exports.eval(context);
  return exports.opa_json_dump(exports.opa_eval_ctx_get_result(context));
}

function countsOf(open: Instance): Pick<Evaluation, "builtinErrors" | "builtinError" | "fuelUsed"> {
  const { exports } = open;
  const builtinErrors = exports.rm_builtin_errors?.() ?? 0;
  return {
    builtinErrors,
    builtinError: builtinErrors > 0 ? textAt(open.bytes(), exports.rm_builtin_error_text?.() ?? 0) : undefined,
    fuelUsed: exports.rm_fuel_used?.() ?? 0,
  };
}

/** The rules whose mark is that of the last evaluation; with `mask`, those that its entrypoints can reach. */
export function firedRules(open: Instance, mask?: number): readonly RulePlace[] {
  const { rm_marks: marks, rm_run: run } = open.exports;
  const rules = open.meta?.rules ?? [];
  if (marks === undefined || run === undefined || rules.length === 0) return [];
  const at = marks();
  const bytes = open.bytes();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const mark = run() >>> 0;
  const asked = mask === undefined ? undefined : open.meta?.entrypoints.filter((_, i) => (mask >>> i) & 1);
  const isReached = (rule: number): boolean =>
    asked === undefined || asked.some(({ rules }) => rules.some(([from, to]) => from <= rule && rule < to));
  return rules.filter((_, i) => view.getUint32(at + i * 4, true) === mark && isReached(i));
}
