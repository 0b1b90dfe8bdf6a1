/**
 * The fast path: a raw request head in, decisions out, without a JavaScript object a request.
 * The head is copied once into the module's memory; the connection's facts lie there
 * already; one call answers all entrypoints; answers are read from a fixed record.
 */

import type { ConnectionContext, Destination } from "./connection.ts";
import { CONTEXT_BYTES_MAX, makeContextBlock } from "./context-block.ts";
import { ALLOWED, DENIED, toAuthzDecision } from "./decision/authz.ts";
import type { Outcome, PolicyFault } from "./decision/decision.ts";
import { toLimitDecisions } from "./decision/limits.ts";
import { toRouteDecision } from "./decision/route.ts";
import { type Json, WrongType } from "./decision/shape.ts";
import { firedRules } from "./evaluator.ts";
import type { HostBuiltins } from "./host-builtins.ts";
import { type FaultCode, faultOf, type Instance, openInstance, PolicyAbort, textAt, writeText } from "./instance.ts";
import { MODULE_ABI, type ModuleMeta, type RulePlace } from "./module-meta.ts";
import { DEFAULT_LIMITS, type Policy, type PolicyDecision, type PolicyLimits } from "./policy.ts";

export type PolicyOptions = {
  readonly wasm: Uint8Array | WebAssembly.Module;
  /** JSON text of the data document. */
  readonly data: string;
  readonly hostBuiltins?: HostBuiltins;
  readonly limits?: PolicyLimits;
  /** Steps of single entrypoints, by their index in the module's meta; the others have `limits.fuel`. */
  readonly fuel?: ReadonlyMap<number, number>;
  /** 32 random bits against chosen hash collisions. */
  readonly seed: number;
  /** Longest head that is decided about; a longer one is a fault. */
  readonly headBytesMax?: number;
  readonly destination?: Destination;
  readonly onPrint?: (line: string) => void;
};

/** The module cannot serve: its ABI is another one, built-ins are missing, its data is unreadable. */
export class PolicyUnfit extends Error {
  override readonly name = "PolicyUnfit";
  readonly code: "policy_abi_mismatch" | "policy_missing_builtin" | "policy_bad_module";

  constructor(code: PolicyUnfit["code"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

const HEAD_BYTES_MAX = 65_536;
const ID_BYTES_MAX = 128;
/** Results that are constants of the policy and whose reading is kept. */
const KEPT_MAX = 1024;

// States of a record (policy-compiler/runtime/assembly/abi/decide.ts).
const UNDEFINED = 1;
const TRUE = 2;
const FALSE = 3;
const RUNNING = 5;

type FastExports = Required<Instance["exports"]>;

/** Opens an instance and loads its data. Throws PolicyUnfit where the module cannot serve. */
export function openPolicy(options: PolicyOptions): Policy {
  const open = openModule(options);
  const { exports } = open;
  if (open.meta === undefined || open.meta.abi !== MODULE_ABI || exports.rm_request_open === undefined) {
    const found = open.meta === undefined ? "none" : `${open.meta.abi}`;
    throw new PolicyUnfit(
      "policy_abi_mismatch",
      `the module has fast-path ABI ${found}; this proxy runs ${MODULE_ABI}`,
    );
  }
  const missing = open.meta.hostBuiltins.filter((name) => !Object.hasOwn(options.hostBuiltins ?? {}, name));
  if (missing.length > 0) {
    throw new PolicyUnfit(
      "policy_missing_builtin",
      `the policy calls ${missing.join(", ")}, which ${missing.length === 1 ? "is" : "are"} not offered here`,
    );
  }
  return new FastPolicy(open, open.meta, options);
}

function openModule(options: PolicyOptions): Instance {
  try {
    return openInstance(options);
  } catch (error) {
    throw new PolicyUnfit("policy_bad_module", `the module cannot be started: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

class FastPolicy implements Policy, PolicyDecision {
  readonly meta: ModuleMeta;
  readonly #open: Instance;
  readonly #exports: FastExports;
  readonly #headAt: number;
  readonly #headBytesMax: number;
  readonly #contextAt: number;
  readonly #recordsAt: number;
  readonly #idAt: number;
  /** Below this address everything is constant: a result there is read once. */
  readonly #constantsEnd: number;
  readonly #kept = new Map<number, Outcome<unknown>>();
  readonly #blocks = new WeakMap<ConnectionContext, Uint8Array>();
  readonly #faults: (Outcome<never> | undefined)[] = [];
  #context: ConnectionContext | undefined;
  #bytes: Uint8Array;
  #words: Int32Array;
  #headFault: Outcome<never> | undefined;
  #hasFaults = false;

  constructor(open: Instance, meta: ModuleMeta, options: PolicyOptions) {
    this.#open = open;
    this.meta = meta;
    this.#exports = open.exports as FastExports;
    const exports = this.#exports;
    this.#headBytesMax = options.headBytesMax ?? HEAD_BYTES_MAX;
    const data = this.#load(options.data, "the policy's data");
    const destination =
      options.destination === undefined ? 0 : this.#load(JSON.stringify(options.destination), "the destination");
    this.#headAt = exports.rm_request_open(this.#headBytesMax, CONTEXT_BYTES_MAX, data, destination);
    this.#contextAt = exports.rm_context();
    this.#recordsAt = exports.rm_records();
    this.#idAt = exports.rm_request_id();
    this.#constantsEnd = exports.opa_heap_ptr_get();
    const fuel = (options.limits ?? DEFAULT_LIMITS).fuel;
    meta.entrypoints.forEach((_, i) => {
      exports.rm_entrypoint_fuel(i, options.fuel?.get(i) ?? fuel);
    });
    this.#bytes = open.bytes();
    this.#words = new Int32Array(open.memory.buffer);
  }

  #load(text: string, what: string): number {
    try {
      const value = this.#exports.opa_json_parse(...writeText(this.#open, text));
      if (value !== 0) return value;
    } catch (error) {
      throw new PolicyUnfit("policy_bad_module", `${what} cannot be loaded: ${(error as Error).message}`);
    }
    throw new PolicyUnfit("policy_bad_module", `${what} is not JSON`);
  }

  get jsonParses(): number {
    return this.#exports.rm_json_parses();
  }

  setConnection(context: ConnectionContext): void {
    if (context === this.#context) return;
    let block = this.#blocks.get(context);
    if (block === undefined) {
      block = makeContextBlock(context, this.#contextAt);
      this.#blocks.set(context, block);
    }
    this.#refresh();
    this.#bytes.set(block, this.#contextAt);
    this.#context = context;
  }

  decide(head: Uint8Array, start: number, end: number, mask: number, requestId: string, nowMs: number): PolicyDecision {
    const exports = this.#exports;
    if (this.#hasFaults) {
      this.#faults.length = 0;
      this.#hasFaults = false;
      this.#headFault = undefined;
    }
    const length = end - start;
    if (length > this.#headBytesMax) return this.#failHead(length);
    this.#refresh();
    const bytes = this.#bytes;
    bytes.set(start === 0 && end === head.length ? head : head.subarray(start, end), this.#headAt);
    const idLength = Math.min(requestId.length, ID_BYTES_MAX);
    for (let i = 0; i < idLength; i++) bytes[this.#idAt + i] = requestId.charCodeAt(i) & 0x7f;
    try {
      exports.rm_decide(length, idLength, mask, nowMs);
    } catch (error) {
      this.#goOn(mask, error);
    }
    return this;
  }

  /** Notes the fault of the entrypoint that was running, and asks the others. */
  #goOn(mask: number, thrown: unknown): void {
    let error = thrown;
    let left = mask;
    this.#hasFaults = true;
    for (;;) {
      const fault = faultOf(error);
      this.#refresh();
      const running = this.#runningOf(left);
      const outcome = toOutcome(fault.code, fault.message);
      if (running < 0) {
        this.#headFault = outcome;
        return;
      }
      this.#faults[running] = outcome;
      left &= ~((2 << running) - 1);
      if (left === 0) return;
      try {
        this.#exports.rm_decide_on(left);
        return;
      } catch (next) {
        error = next;
      }
    }
  }

  /** Index of the entrypoint that an abort cut off, or -1. */
  #runningOf(mask: number): number {
    for (let i = 0; i < this.meta.entrypoints.length; i++) {
      if ((mask >>> i) & 1 && this.#words[(this.#recordsAt >> 2) + i * 4] === RUNNING) {
        this.#words[(this.#recordsAt >> 2) + i * 4] = 0;
        return i;
      }
    }
    return -1;
  }

  #failHead(length: number): PolicyDecision {
    this.#hasFaults = true;
    this.#headFault = toOutcome("rm_memory", `the head has ${length} bytes; the policy takes ${this.#headBytesMax}`);
    return this;
  }

  /** The memory's buffer is another one after it has grown. */
  #refresh(): void {
    if (this.#words.buffer === this.#open.memory.buffer) return;
    this.#bytes = this.#open.bytes();
    this.#words = new Int32Array(this.#open.memory.buffer);
  }

  // ── the decision ──

  get badRequest(): boolean {
    return this.#exports.rm_bad_request() !== 0;
  }

  get builtinErrors(): number {
    return this.#exports.rm_builtin_errors();
  }

  get fuelUsed(): number {
    let sum = 0;
    this.#refresh();
    for (let i = 0; i < this.meta.entrypoints.length; i++) sum += this.#words[(this.#recordsAt >> 2) + i * 4 + 2] ?? 0;
    return sum;
  }

  firedRules(): readonly RulePlace[] {
    return firedRules(this.#open);
  }

  authz(entrypoint: number): ReturnType<PolicyDecision["authz"]> {
    const state = this.#stateOf(entrypoint);
    if (state === TRUE) return DEFINED_ALLOWED;
    if (state === FALSE) return DEFINED_DENIED;
    return this.#read(entrypoint, state, toAuthzDecision);
  }

  route(entrypoint: number): ReturnType<PolicyDecision["route"]> {
    return this.#read(entrypoint, this.#stateOf(entrypoint), toRouteDecision);
  }

  limits(entrypoint: number): ReturnType<PolicyDecision["limits"]> {
    return this.#read(entrypoint, this.#stateOf(entrypoint), toLimitDecisions);
  }

  value(entrypoint: number): Outcome<Json> {
    const state = this.#stateOf(entrypoint);
    if (state === RUNNING) return this.#faultAt(entrypoint);
    if (state === UNDEFINED) return UNDEFINED_OUTCOME;
    return this.#dump(this.#valueAt(entrypoint), (value) => value);
  }

  #faultAt(entrypoint: number): Outcome<never> {
    return (this.#headFault ?? this.#faults[entrypoint]) as Outcome<never>;
  }

  #valueAt(entrypoint: number): number {
    return this.#words[(this.#recordsAt >> 2) + entrypoint * 4 + 1] ?? 0;
  }

  #stateOf(entrypoint: number): number {
    if (this.#hasFaults && (this.#headFault ?? this.#faults[entrypoint]) !== undefined) return RUNNING;
    this.#refresh();
    return this.#words[(this.#recordsAt >> 2) + entrypoint * 4] ?? 0;
  }

  #read<T>(entrypoint: number, state: number, read: (value: Json) => T): Outcome<T> {
    if (state === RUNNING) return this.#faultAt(entrypoint);
    if (state === UNDEFINED) return UNDEFINED_OUTCOME;
    const value = this.#valueAt(entrypoint);
    const kept = this.#kept.get(value);
    if (kept !== undefined) return kept as Outcome<T>;
    const outcome = this.#dump(value, read);
    if (value > 0 && value < this.#constantsEnd && this.#kept.size < KEPT_MAX) this.#kept.set(value, outcome);
    return outcome;
  }

  #dump<T>(value: number, read: (value: Json) => T): Outcome<T> {
    try {
      const json = JSON.parse(textAt(this.#open.bytes(), this.#exports.opa_json_dump(value))) as Json;
      return { kind: "defined", value: read(json) };
    } catch (error) {
      if (error instanceof WrongType) return { kind: "fault", fault: "policy_type_error", message: error.message };
      if (error instanceof PolicyAbort || error instanceof WebAssembly.RuntimeError || error instanceof RangeError) {
        const fault = faultOf(error);
        return toOutcome(fault.code, fault.message);
      }
      throw error;
    }
  }
}

const UNDEFINED_OUTCOME: Outcome<never> = { kind: "undefined" };
const DEFINED_ALLOWED: Outcome<typeof ALLOWED> = { kind: "defined", value: ALLOWED };
const DEFINED_DENIED: Outcome<typeof DENIED> = { kind: "defined", value: DENIED };

const FAULTS: Readonly<Record<FaultCode, PolicyFault>> = {
  eval_conflict_error: "policy_conflict",
  eval_type_error: "policy_type_error",
  eval_builtin_error: "policy_trap",
  rm_fuel: "policy_fuel_exhausted",
  rm_memory: "policy_memory_exhausted",
  rm_depth: "policy_depth_exceeded",
  rm_input: "policy_trap",
  rm_trap: "policy_trap",
};

function toOutcome(code: FaultCode, message: string): Outcome<never> {
  return { kind: "fault", fault: FAULTS[code], message };
}
