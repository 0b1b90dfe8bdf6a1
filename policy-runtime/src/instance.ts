/**
 * A module's instance: its memory, its imports, and how its aborts and traps become faults.
 * Both ways of asking a policy (evaluator.ts through OPA's ABI, the proxy's fast path) stand on it.
 */
import { parseJsonExact } from "./exact-json.ts";
import { type HostBuiltin, type HostBuiltins, RegoTerm } from "./host-builtins.ts";
import { META_SECTION, type ModuleMeta } from "./module-meta.ts";
import { type EvaluationClock, MAY_GO_ON, makeOverrun, SLICE_UNITS } from "./overrun.ts";
import { DEFAULT_LIMITS, type PolicyLimits } from "./policy.ts";
import { hostCallUnits } from "./role/host-builtins.ts";

/** The functions that every module with OPA's ABI exports, and ours beside; all values are addresses or counts. */
export type PolicyExports = {
  readonly opa_malloc: (bytes: number) => number;
  readonly opa_json_parse: (ptr: number, length: number) => number;
  readonly opa_json_dump: (value: number) => number;
  readonly opa_value_parse: (ptr: number, length: number) => number;
  readonly opa_value_dump: (value: number) => number;
  readonly opa_heap_ptr_get: () => number;
  readonly opa_heap_ptr_set: (ptr: number) => void;
  readonly opa_eval_ctx_new: () => number;
  readonly opa_eval_ctx_set_input: (ctx: number, value: number) => void;
  readonly opa_eval_ctx_set_data: (ctx: number, value: number) => void;
  readonly opa_eval_ctx_set_entrypoint: (ctx: number, entrypoint: number) => void;
  readonly opa_eval_ctx_get_result: (ctx: number) => number;
  readonly eval: (ctx: number) => number;
  readonly opa_eval: (
    reserved: number,
    entrypoint: number,
    data: number,
    input: number,
    inputLength: number,
    heap: number,
    format: number,
  ) => number;
  readonly entrypoints: () => number;
  readonly builtins: () => number;
  // Absent from modules that OPA built:
  readonly rm_seed?: (seed: number) => void;
  readonly rm_fuel?: (steps: number) => void;
  readonly rm_fuel_used?: () => number;
  readonly rm_burn?: (units: number) => void;
  readonly rm_fuel_slice?: (units: number) => void;
  readonly rm_memory_max?: (bytes: number) => void;
  readonly rm_strict?: (isStrict: number) => void;
  readonly rm_builtin_errors?: () => number;
  readonly rm_builtin_error_text?: () => number;
  readonly rm_host_error?: (ptr: number, length: number) => void;
  readonly rm_host_type_error?: (ptr: number, length: number) => void;
  readonly rm_marks?: () => number;
  readonly rm_run?: () => number;
  readonly rm_json_parses?: () => number;
  // The fast path (fast-policy.ts):
  readonly rm_request_open?: (headBytes: number, contextBytes: number, data: number, destination: number) => number;
  readonly rm_context?: () => number;
  readonly rm_context_word?: () => number;
  readonly rm_request_id?: () => number;
  readonly rm_head_table?: () => number;
  readonly rm_answers?: () => number;
  readonly rm_record?: (value: number, root: number) => number;
  readonly rm_entrypoint_fuel?: (index: number, steps: number) => void;
  readonly rm_bad_request?: () => number;
  readonly rm_decide?: (headBytes: number, idBytes: number, mask: number, nowMs: number) => void;
  readonly rm_decide_on?: (mask: number) => void;
};

export type InstanceOptions = {
  readonly wasm: Uint8Array | WebAssembly.Module;
  readonly hostBuiltins?: HostBuiltins;
  readonly limits?: PolicyLimits;
  /** 32 bits nobody can guess, so that no client can choose keys of one hash; drawn where absent. */
  readonly seed?: number;
  readonly onPrint?: (line: string) => void;
  /** With it an evaluation ends that takes much more time than its fuel says. */
  readonly clock?: EvaluationClock | undefined;
};

export type Instance = {
  readonly exports: PolicyExports;
  readonly memory: WebAssembly.Memory;
  /** What the module says of itself; undefined for one that our compiler did not make. */
  readonly meta: ModuleMeta | undefined;
  /** The memory's bytes; ask again after each call, which may have grown the memory. */
  readonly bytes: () => Uint8Array;
};

/** Why an evaluation ended without results. OPA's codes where OPA has one. */
export type FaultCode =
  | "eval_conflict_error"
  | "eval_type_error"
  | "eval_builtin_error"
  | "rm_fuel"
  | "rm_memory"
  | "rm_depth"
  | "rm_input"
  | "rm_trap";

/** The module ended the evaluation through opa_abort. */
export class PolicyAbort extends Error {
  override readonly name = "PolicyAbort";
  readonly code: FaultCode;

  constructor(text: string) {
    super(text);
    this.code = ABORT_CODES.find((code) => text.startsWith(`${code}:`)) ?? "rm_trap";
  }
}

const ABORT_CODES: readonly FaultCode[] = [
  "eval_conflict_error",
  "eval_type_error",
  "eval_builtin_error",
  "rm_fuel",
  "rm_memory",
  "rm_depth",
  "rm_input",
];

const PAGE = 65_536;
/** What OPA's SDKs offer; a module grows it at its start if it needs more. */
const PAGES = 5;

/** Throws WebAssembly's errors where the bytes are no module, or one that wants other imports. */
export function openInstance(options: InstanceOptions): Instance {
  const { wasm, hostBuiltins = {}, limits = DEFAULT_LIMITS } = options;
  const module = wasm instanceof WebAssembly.Module ? wasm : new WebAssembly.Module(wasm as Uint8Array<ArrayBuffer>);
  const pagesMax = Math.max(PAGES, Math.floor(limits.memoryBytesMax / PAGE));
  const memory = new WebAssembly.Memory({ initial: PAGES, maximum: pagesMax });
  let view = new Uint8Array(memory.buffer);
  const bytes = (): Uint8Array => {
    if (view.buffer !== memory.buffer) view = new Uint8Array(memory.buffer);
    return view;
  };
  let open: Instance | undefined;
  let names: readonly string[] = [];
  const isInTime = makeOverrun(options.clock);
  const builtin = (id: number, context: number, ...operands: number[]): number => {
    if (id === MAY_GO_ON) return isInTime(context, operands[0] ?? 0) ? 1 : 0;
    if (open === undefined) throw new Error("a built-in was called while the policy module starts");
    return callBuiltin(open, hostBuiltins, names[id] ?? `number ${id}`, operands);
  };
  const env = {
    memory,
    opa_abort: (at: number) => {
      throw new PolicyAbort(textAt(bytes(), at));
    },
    opa_println: (at: number) => options.onPrint?.(textAt(bytes(), at)),
    ...{ opa_builtin0: builtin, opa_builtin1: builtin, opa_builtin2: builtin },
    ...{ opa_builtin3: builtin, opa_builtin4: builtin },
  };
  const exports = new WebAssembly.Instance(module, { env }).exports as unknown as PolicyExports;
  exports.rm_memory_max?.(limits.memoryBytesMax);
  exports.rm_fuel?.(limits.fuel);
  if (options.clock !== undefined) exports.rm_fuel_slice?.(SLICE_UNITS);
  exports.rm_seed?.(options.seed ?? drawSeed());
  open = { exports, memory, meta: metaOf(module), bytes };
  names = namesByNumber(readValue(open, exports.builtins()));
  return open;
}

function drawSeed(): number {
  const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
  return seed;
}

/** The module's own description, from its custom section. */
function metaOf(module: WebAssembly.Module): ModuleMeta | undefined {
  const [section] = WebAssembly.Module.customSections(module, META_SECTION);
  return section === undefined ? undefined : (JSON.parse(new TextDecoder().decode(section)) as ModuleMeta);
}

function namesByNumber(numbers: unknown): readonly string[] {
  const names: string[] = [];
  for (const [name, number] of Object.entries(numbers as Record<string, number>)) names[number] = name;
  return names;
}

function callBuiltin(open: Instance, hostBuiltins: HostBuiltins, name: string, operands: readonly number[]): number {
  const texts = operands.map((operand) => jsonOf(open, operand));
  const bytes = texts.reduce((sum, text) => sum + text.length, 0);
  open.exports.rm_burn?.(hostCallUnits(name, bytes)); // ends the evaluation where that is too much
  let answer: Answer;
  try {
    if (!Object.hasOwn(hostBuiltins, name)) throw new Error(`the host has no built-in ${name}`);
    const operate = hostBuiltins[name] as HostBuiltin;
    answer = operate.isNondeterministic ? answerOnce(open, name, operate, texts) : answerOf(operate, texts);
  } catch (error) {
    if (isStackUsedUp(error)) throw error; // ends the evaluation: undefined would be an answer that it did not give
    const [ptr, length] = writeText(open, `${name}: ${error instanceof Error ? error.message : String(error)}`);
    const isTyped = error instanceof Error && "code" in error && error.code === "eval_type_error";
    (isTyped ? open.exports.rm_host_type_error : open.exports.rm_host_error)?.(ptr, length);
    return 0;
  }
  if (answer === undefined) return 0;
  if (answer instanceof RegoTerm) return open.exports.opa_value_parse(...writeText(open, answer.text));
  return open.exports.opa_json_parse(...writeText(open, answer));
}

/** JSON text, or a term that JSON has no words for; undefined leaves the call undefined. */
type Answer = string | RegoTerm | undefined;

function answerOf(operate: HostBuiltin, texts: readonly string[]): Answer {
  const result = (operate as (...operands: unknown[]) => unknown)(...texts.map(parseJsonExact));
  return result instanceof RegoTerm ? result : JSON.stringify(result);
}

type Draws = { run: number | undefined; readonly answers: Map<string, Answer> };
const DRAWS = new WeakMap<Instance, Draws>();

function answerOnce(open: Instance, name: string, operate: HostBuiltin, texts: readonly string[]): Answer {
  const draws = DRAWS.get(open) ?? { run: undefined, answers: new Map() };
  DRAWS.set(open, draws);
  const run = open.exports.rm_run?.();
  if (run !== draws.run) draws.answers.clear();
  draws.run = run;
  const key = JSON.stringify([name, ...texts]);
  if (!draws.answers.has(key)) draws.answers.set(key, answerOf(operate, texts));
  return draws.answers.get(key);
}

function isStackUsedUp(error: unknown): boolean {
  return error instanceof RangeError && error.message.includes("call stack");
}

/** A value of the module's, through its JSON. */
export function readValue(open: Instance, value: number): unknown {
  return JSON.parse(jsonOf(open, value));
}

function jsonOf(open: Instance, value: number): string {
  const at = open.exports.opa_json_dump(value); // may grow the memory
  return textAt(open.bytes(), at);
}

/** A byte order mark is a letter of the text. */
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Zero-terminated text. */
export function textAt(bytes: Uint8Array, at: number): string {
  return decoder.decode(bytes.subarray(at, bytes.indexOf(0, at)));
}

/** Puts text on the module's heap; gives its place and its bytes. */
export function writeText(open: Instance, text: string | Uint8Array): readonly [ptr: number, length: number] {
  if (typeof text !== "string") {
    const ptr = open.exports.opa_malloc(text.length);
    open.bytes().set(text, ptr);
    return [ptr, text.length];
  }
  const room = text.length * 3;
  const ptr = open.exports.opa_malloc(room);
  const { written } = encoder.encodeInto(text, open.bytes().subarray(ptr, ptr + room));
  open.exports.opa_heap_ptr_set(ptr + written);
  return [ptr, written];
}

export type Fault = { readonly kind: "fault"; readonly code: FaultCode; readonly message: string };

/** The fault that an error thrown out of the module stands for; other errors are bugs, and thrown on. */
export function faultOf(error: unknown): Fault {
  if (error instanceof PolicyAbort) return { kind: "fault", code: error.code, message: error.message };
  if (error instanceof WebAssembly.RuntimeError) return { kind: "fault", code: "rm_trap", message: error.message };
  if (error instanceof RangeError) {
    return { kind: "fault", code: "rm_depth", message: `rm_depth: the stack is used up (${error.message})` };
  }
  throw error;
}
