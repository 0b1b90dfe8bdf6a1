/**
 * The fast path: a raw request head in, decisions out, without a JavaScript object a request.
 * What the policy can ask for of the head is copied once into the module's memory; the connection's facts lie there
 * already; one call answers all entrypoints; answers are read from a fixed record.
 */

import type { ConnectionContext, Destination } from "./connection.ts";
import { CONTEXT_BYTES_MAX, ContextBlocks } from "./context-block.ts";
import { ALLOWED, DENIED, readAuthz } from "./decision/authz.ts";
import type { AuthzDecision, LimitDecision, Outcome, PolicyFault, RouteDecision } from "./decision/decision.ts";
import { readLimits } from "./decision/limits.ts";
import { readRoute } from "./decision/route.ts";
import { WrongType } from "./decision/wrong-type.ts";
import { firedRules } from "./evaluator.ts";
import { HeadRegion } from "./head-region.ts";
import type { HostBuiltins } from "./host-builtins.ts";
import { type PolicyImage, putImage, takeImage } from "./image.ts";
import { type FaultCode, faultOf, type Instance, openInstance, PolicyAbort, textAt, writeText } from "./instance.ts";
import type { Json } from "./json.ts";
import { Answer, AnswerState, stepsAt } from "./layout/answer.ts";
import { FIELDS_MAX, type HeadTable } from "./layout/head-table.ts";
import { RecordReader } from "./layout/record-reader.ts";
import { ROOTS } from "./layout/record-shape.ts";
import type { RequestId } from "./layout/request-id.ts";
import { MODULE_ABI, type ModuleMeta, type RulePlace } from "./module-meta.ts";
import type { EvaluationClock } from "./overrun.ts";
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
  /** With it an evaluation ends that takes much more time than its fuel says. */
  readonly clock?: EvaluationClock | undefined;
  readonly onPrint?: (line: string) => void;
  /** An evaluation has taken `GROWN_BYTES_MAX` more memory than the instance had when it was opened; it never shrinks. */
  readonly onGrown?: () => void;
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
/** More than a decision about the longest head takes; less than what hostile operands can make a policy take. */
const GROWN_BYTES_MAX = 4 * 1024 * 1024;
/** Results of one kind that are constants of the policy and whose reading is kept. */
const KEPT_MAX = 1024;
const ANSWER_WORDS = Answer.size / 4;

/** How answers of one kind are read; and the readings of those that are constants, by address. */
class Reading<T> {
  readonly root: number;
  readonly read: (reader: RecordReader, cell: number) => T;
  readonly kept = new Map<number, Outcome<T>>();

  constructor(name: (typeof ROOTS)[number]["name"], read: (reader: RecordReader, cell: number) => T) {
    this.root = ROOTS.findIndex((root) => root.name === name);
    this.read = read;
  }
}

type FastExports = Required<Instance["exports"]>;

/** Opens an instance and loads its data. Throws PolicyUnfit where the module cannot serve. */
export function openPolicy(options: PolicyOptions): Policy {
  const open = openFit(options);
  return new FastPolicy(open, loadDocuments(open, options), options);
}

/** As openPolicy, and the state in which it was opened: for other threads (openFromImage). */
export function openImaged(options: PolicyOptions): { readonly policy: Policy; readonly image: PolicyImage } {
  const open = openFit(options);
  const headAt = loadDocuments(open, options);
  return { policy: new FastPolicy(open, headAt, options), image: takeImage(open, headAt) };
}

/**
 * As openPolicy, of the state in which another thread opened the same module with the same options; `pause` is
 * awaited between pieces of a large one, so that others have their turn.
 */
export async function openFromImage(
  options: ImageOptions,
  image: PolicyImage,
  pause: () => Promise<void>,
): Promise<Policy> {
  const open = openFit(options);
  await putImage(open, image, pause);
  return new FastPolicy(open, image.headAt, options);
}

/** The seed is the image's, as are documents. */
type ImageOptions = Omit<PolicyOptions, "data" | "destination" | "seed">;

type FitInstance = Instance & { readonly meta: ModuleMeta; readonly exports: FastExports };

function openFit(options: ImageOptions): FitInstance {
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
  return open as FitInstance;
}

/** Reads data and destination; gives the place of a request's head. */
function loadDocuments(open: FitInstance, options: PolicyOptions): number {
  const data = loadDocument(open, options.data, "the policy's data");
  const destination =
    options.destination === undefined ? 0 : loadDocument(open, JSON.stringify(options.destination), "the destination");
  return open.exports.rm_request_open(options.headBytesMax ?? HEAD_BYTES_MAX, CONTEXT_BYTES_MAX, data, destination);
}

function loadDocument(open: FitInstance, text: string, what: string): number {
  try {
    const value = open.exports.opa_json_parse(...writeText(open, text));
    if (value !== 0) return value;
  } catch (error) {
    throw new PolicyUnfit("policy_bad_module", `${what} cannot be loaded: ${(error as Error).message}`);
  }
  throw new PolicyUnfit("policy_bad_module", `${what} is not JSON`);
}

function openModule(options: ImageOptions): Instance {
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
  /** Found once: an instance's exports are looked up in a table. */
  readonly #ask: FastExports["rm_decide"];
  readonly #entrypoints: number;
  readonly #headBytesMax: number;
  readonly #contextWord: number;
  readonly #answersAt: number;
  readonly #region: HeadRegion;
  readonly #idAt: number;
  /** Below this address everything is constant: a result there is read once. */
  readonly #constantsEnd: number;
  readonly #authz = new Reading<AuthzDecision>("authz", readAuthz);
  readonly #limits = new Reading<readonly LimitDecision[]>("limits", readLimits);
  readonly #route = new Reading<RouteDecision>("route", readRoute);
  readonly #reader: RecordReader;
  readonly #blocks: ContextBlocks;
  readonly #faults: (Outcome<never> | undefined)[] = [];
  #context: ConnectionContext | undefined;
  #bytes: Uint8Array;
  #words: Int32Array;
  /** The words, two at a time. */
  #pairs: Float64Array;
  #headFault: Outcome<never> | undefined;
  #hasFaults = false;
  readonly #hasBudgets: boolean;
  /** The entrypoints of the last decision. */
  #mask = 0;
  #bytesMax = Number.POSITIVE_INFINITY;
  readonly #onGrown: () => void;

  constructor(open: FitInstance, headAt: number, options: ImageOptions) {
    const { exports, meta } = open;
    this.#open = open;
    this.meta = meta;
    this.#hasBudgets = meta.entrypoints.some(({ budget }) => budget !== undefined);
    this.#exports = exports;
    this.#ask = exports.rm_decide;
    this.#entrypoints = meta.entrypoints.length;
    this.#headBytesMax = options.headBytesMax ?? HEAD_BYTES_MAX;
    this.#region = new HeadRegion(headAt, exports.rm_head_table(), meta.reads.fields);
    this.#blocks = new ContextBlocks(exports.rm_context());
    this.#contextWord = exports.rm_context_word() >> 2;
    this.#answersAt = exports.rm_answers();
    this.#idAt = exports.rm_request_id();
    this.#constantsEnd = exports.opa_heap_ptr_get();
    const fuel = (options.limits ?? DEFAULT_LIMITS).fuel;
    meta.entrypoints.forEach((_, i) => {
      exports.rm_entrypoint_fuel(i, options.fuel?.get(i) ?? fuel);
    });
    this.#bytes = open.bytes();
    this.#words = new Int32Array(open.memory.buffer);
    this.#pairs = new Float64Array(open.memory.buffer);
    this.#onGrown = options.onGrown ?? (() => {});
    this.#bytesMax = this.#bytes.length + GROWN_BYTES_MAX;
    this.#reader = new RecordReader(open.memory, (value) => this.#print(value));
  }

  get jsonParses(): number {
    return this.#exports.rm_json_parses();
  }

  get memoryBytes(): number {
    return this.#open.memory.buffer.byteLength;
  }

  setConnection(context: ConnectionContext): void {
    if (context === this.#context) return;
    this.#refresh();
    this.#words[this.#contextWord] = this.#blocks.put(context, this.#bytes, this.#words);
    this.#context = context;
  }

  decide(
    head: Uint8Array,
    length: number,
    table: HeadTable,
    mask: number,
    requestId: RequestId,
    nowMs: number,
  ): PolicyDecision {
    if (mask >>> this.#entrypoints !== 0) throw new Error("the mask names entrypoints that the module lacks");
    this.#mask = mask;
    if (this.#hasFaults) {
      this.#faults.length = 0;
      this.#hasFaults = false;
      this.#headFault = undefined;
    }
    if (length > this.#headBytesMax)
      return this.#failHead(`the head has ${length} bytes; the policy takes ${this.#headBytesMax}`);
    if (table.words[0]! > FIELDS_MAX)
      return this.#failHead(`the head has ${table.fieldCount} fields; the policy takes ${FIELDS_MAX}`);
    this.#refresh();
    const bytes = this.#bytes;
    this.#region.put(bytes, this.#words, this.#pairs, head, length, table);
    const { bytes: id, length: idLength } = requestId;
    for (let i = 0, at = this.#idAt; i < idLength; i++) bytes[at + i] = id[i]!;
    try {
      this.#ask(length, idLength, mask, nowMs);
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
      if ((mask >>> i) & 1 && this.#wordOf(i, Answer.state) === AnswerState.running) {
        this.#words[(this.#answersAt >> 2) + i * ANSWER_WORDS] = 0;
        return i;
      }
    }
    return -1;
  }

  #failHead(message: string): PolicyDecision {
    this.#hasFaults = true;
    this.#headFault = toOutcome("rm_memory", message);
    return this;
  }

  /** The memory's buffer is another one after it has grown; what was a view of the old one is empty then. */
  #refresh(): void {
    if (this.#words.length > 0) return;
    this.#bytes = this.#open.bytes();
    this.#words = new Int32Array(this.#open.memory.buffer);
    this.#pairs = new Float64Array(this.#open.memory.buffer);
    if (this.#bytes.length <= this.#bytesMax) return;
    this.#bytesMax = Number.POSITIVE_INFINITY;
    this.#onGrown();
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
    for (let i = 0; i < this.meta.entrypoints.length; i++) {
      sum += stepsAt(this.#words, this.#answersAt + i * Answer.size);
    }
    return sum;
  }

  get overBudget(): number {
    if (!this.#hasBudgets) return 0;
    let count = 0;
    this.#refresh();
    this.meta.entrypoints.forEach(({ budget = Number.POSITIVE_INFINITY }, i) => {
      if (((this.#mask >>> i) & 1) === 0) return;
      // What was cut off says no steps: it took more than any budget.
      const isCutOff = this.#stateOf(i) === AnswerState.running;
      if (
        isCutOff ? budget < Number.POSITIVE_INFINITY : stepsAt(this.#words, this.#answersAt + i * Answer.size) > budget
      )
        count++;
    });
    return count;
  }

  firedRules(mask?: number): readonly RulePlace[] {
    return firedRules(this.#open, mask);
  }

  authz(entrypoint: number): Outcome<AuthzDecision> {
    const state = this.#stateOf(entrypoint);
    if (state === AnswerState.true) return DEFINED_ALLOWED;
    if (state === AnswerState.false) return DEFINED_DENIED;
    return this.#read(entrypoint, state, this.#authz);
  }

  route(entrypoint: number): Outcome<RouteDecision> {
    return this.#read(entrypoint, this.#stateOf(entrypoint), this.#route);
  }

  limits(entrypoint: number): Outcome<readonly LimitDecision[]> {
    return this.#read(entrypoint, this.#stateOf(entrypoint), this.#limits);
  }

  value(entrypoint: number): Outcome<Json> {
    const state = this.#stateOf(entrypoint);
    if (state === AnswerState.running) return this.#faultAt(entrypoint);
    if (state === AnswerState.undefined) return UNDEFINED_OUTCOME;
    return this.#try(() => JSON.parse(this.#print(this.#wordOf(entrypoint, Answer.value))) as Json);
  }

  #faultAt(entrypoint: number): Outcome<never> {
    return (this.#headFault ?? this.#faults[entrypoint]) as Outcome<never>;
  }

  #wordOf(entrypoint: number, place: number): number {
    return this.#words[((this.#answersAt + place) >> 2) + entrypoint * ANSWER_WORDS] ?? 0;
  }

  #stateOf(entrypoint: number): number {
    if (this.#hasFaults && (this.#headFault ?? this.#faults[entrypoint]) !== undefined) return AnswerState.running;
    this.#refresh();
    return this.#wordOf(entrypoint, Answer.state);
  }

  #read<T>(entrypoint: number, state: number, reading: Reading<T>): Outcome<T> {
    if (state === AnswerState.running) return this.#faultAt(entrypoint);
    if (state === AnswerState.undefined) return UNDEFINED_OUTCOME;
    const value = this.#wordOf(entrypoint, Answer.value);
    const { kept } = reading;
    const known = kept.get(value);
    if (known !== undefined) return known;
    const outcome = this.#try(() => {
      const cell = this.#exports.rm_record(value, reading.root);
      this.#reader.refresh(this.#open.memory);
      return reading.read(this.#reader, cell);
    });
    if (value > 0 && value < this.#constantsEnd && kept.size < KEPT_MAX) kept.set(value, outcome);
    return outcome;
  }

  /** JSON text of a value of the module's. */
  #print(value: number): string {
    const at = this.#exports.opa_json_dump(value);
    this.#reader.refresh(this.#open.memory);
    return textAt(this.#open.bytes(), at);
  }

  #try<T>(read: () => T): Outcome<T> {
    try {
      return { kind: "defined", value: read() };
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
