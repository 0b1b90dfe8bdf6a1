/**
 * Core: what the passes rewrite and emit selects instructions for. A function is a row of regions, which run one after
 * the other; a region is a row of ops. Where an op is undefined or a test fails, control goes to the end of the region that its
 * `exit` names: one that stands around it. No exit but that of `leave` may lead out of a `with`.
 *
 * Fields that are not readonly are rewritten by passes, or are facts that passes find (optimize/passes.ts).
 */
import type { IrLocation } from "../ir/policy.ts";
import type { Guard } from "./guard.ts";
import type { IndexNode } from "./index-node.ts";
import type { Survey } from "./survey.ts";
import type { Constant, Local, Value } from "./value.ts";

/** Unique in its function. */
export type Label = number;

export type Region = { readonly label: Label; ops: readonly Op[] };

type Of<Kind extends string, Fields> = {
  readonly kind: Kind;
  /** Where it comes from. */
  readonly at: IrLocation;
  /** Units of fuel (optimize/fuel.ts), without those of what stands inside. */
  weight: number;
  /** Locals that nothing reads behind it, nor behind what is inside of it (optimize/lifetimes.ts). */
  ends: readonly Local[];
} & Fields;

export type Op =
  | Of<"return", { readonly value: Value }>
  | CallOp
  | CallPathOp
  | Of<"regions", { readonly regions: readonly Region[] }>
  /** Ends the region of this label, and what stands in it. */
  | Of<"leave", { readonly exit: Label }>
  | GetOp
  | InputOp
  /** Input is used as a value from here on. */
  | Of<"need-input", { readonly source: Local }>
  | Of<"length", { readonly source: Value; readonly target: Local }>
  | LoopOp
  /** Holds where the end of its region is not reached. */
  | Of<"not", { readonly regions: readonly [Region]; readonly exit: Label }>
  /** In its region, `local` is another: its own with `value` at the path. */
  | WithOp
  | Of<"assign", { readonly source: Value; readonly target: Local }>
  /** Fails with a conflict where the target has another value already. */
  | Of<"assign-once", { readonly source: Value; readonly target: Local }>
  | MakeOp
  | GrowOp
  | GatherOp
  /** Returns nothing where a gathering takes more than it may. */
  | Of<"give-up", object>
  | Of<"merge", { readonly a: Local; readonly b: Local; readonly target: Local }>
  | TestOp
  /** Whether the value is one of the elements: true or false. */
  | OneOfOp
  /** The plan has this result, too. */
  | Of<"result", { readonly value: Local }>
  /** The rule's body holds: its bit in the decision is set. A body that several rules share is given which. */
  | Of<"mark", { readonly rule: number | Local }>
  | RuleSetOp
  | NarrowOp;

export type CallOp = Of<
  "call",
  {
    readonly callee: CoreFunction | Builtin;
    readonly args: readonly Value[];
    readonly target: Local;
    readonly exit: Label;
  }
>;

/** The function is found by its path when the policy runs. */
export type CallPathOp = Of<
  "call-path",
  {
    readonly path: readonly Value[];
    readonly args: readonly Local[];
    readonly target: Local;
    readonly exit: Label;
  }
>;

/** The part of a value at a key. `base`: of a base document, whose keys are texts. */
export type GetOp = Of<
  "get",
  {
    readonly how: "value" | "base";
    readonly source: Value;
    readonly key: Value;
    readonly target: Local;
    readonly exit: Label;
  }
>;

/** The value at a path of constant keys below input, by the slot that keeps it. */
export type InputOp = Of<
  "input",
  {
    readonly source: Local;
    readonly path: readonly string[];
    readonly target: Local;
    readonly exit: Label;
    /** Strings are looked up among the atoms when they are read (optimize/provenance.ts). */
    looksUp: boolean;
  }
>;

/** Its region once for each member of `source`, an array, object or set. */
export type LoopOp = Of<
  "loop",
  {
    readonly source: Local;
    readonly key: Local;
    readonly value: Local;
    readonly regions: readonly [Region];
    /** Units of fuel that each turn takes. */
    turn: number;
  }
>;

export type WithOp = Of<
  "with",
  {
    readonly local: Local;
    readonly path: readonly string[];
    readonly value: Value;
    readonly regions: readonly [Region];
    readonly exit: Label;
  }
>;

export type MakeOp = Of<
  "make",
  { readonly what: "array" | "object" | "set"; readonly capacity: number; readonly target: Local }
>;

/**
 * Grows the collection that belongs to `by` in `groups`, an object, and makes it where there is none. A group of objects is
 * false from when a key would have another value. Keys are objects' alone.
 */
export type GatherOp = Of<
  "gather",
  {
    readonly what: MakeOp["what"];
    readonly groups: Local;
    readonly by: Local;
    readonly key: Value | undefined;
    readonly value: Value;
  }
>;

/** `insert-once` fails with a conflict where the key has another value already. Keys are objects' alone. */
export type GrowOp = Of<
  "grow",
  {
    readonly how: "append" | "add" | "insert" | "insert-once";
    readonly collection: Local;
    readonly key: Value | undefined;
    readonly value: Value;
  }
>;

/** Goes on where it holds. Of `a` alone: that it is of one kind, or has a value, or none; undefined is of no kind. */
export type TestOp = Of<
  "test",
  | { readonly test: "equal" | "not-equal"; readonly a: Value; readonly b: Value; readonly exit: Label }
  | {
      readonly test: "array" | "object" | "set" | "collection" | "defined" | "undefined";
      readonly a: Value;
      readonly b: undefined;
      readonly exit: Label;
    }
>;

export type OneOfOp = Of<
  "one-of",
  { readonly value: Value; readonly elements: readonly Value[]; readonly target: Local }
>;

/**
 * Rules of which those are tried that can still hold, each a function of its own. `agree`: all that are defined must be
 * equal, and to what `target` is already. `first`: the first that is defined ends it. `grow`: they have no value, and
 * grow `target`. Undefined ones are passed over, and the region goes on whatever they give.
 */
export type RuleSetOp = Of<
  "rules",
  {
    readonly how: "agree" | "first" | "grow";
    readonly rules: readonly Rule[];
    readonly args: readonly Value[];
    readonly target: Local;
    /** What the index asks; undefined where it has no value. */
    readonly keys: readonly Local[];
    readonly index: readonly IndexNode[];
  }
>;

/**
 * What must hold for the rule to do anything at all, and what it does: a function of the set's arguments, and of constants
 * where rules that are alike share it, which are strings and small integers.
 */
export type Rule = {
  readonly guards: readonly Guard[];
  readonly body: CoreFunction;
  readonly constants: readonly Constant[];
  /** Rules that the body marks by the constants. */
  readonly marks: readonly number[];
};

/**
 * `target` is `source`, or what an index of the data leaves of it for these keys: members that it leaves out would be
 * without effect in the loop that follows. `sure` is defined where all that the index asks holds for each member.
 */
export type NarrowOp = Of<
  "narrow",
  {
    readonly source: Local;
    /** The data that the index is of. */
    readonly data: Local;
    /** Place in the module's indexes. */
    readonly index: number;
    readonly keys: readonly Value[];
    readonly target: Local;
    readonly sure: Local | undefined;
  }
>;

/** A built-in as the plan declares it. */
export type Builtin = {
  readonly kind: "builtin";
  readonly name: string;
  /** It has no result; undefined where the plan does not declare it. */
  readonly isVoid: boolean | undefined;
};

/** The next numbers of a function's locals and labels. */
export type Fresh = { local: number; label: number };

type Code = {
  readonly name: string;
  readonly params: readonly Local[];
  readonly fresh: Fresh;
  body: readonly Region[];
  /** What is known of all its ops (`survey.ts`); undefined where nobody has looked since they were changed. */
  survey: Survey | undefined;
};

/** A function of input, data and its arguments; undefined where no region of it returns. */
export type CoreFunction = Code & {
  readonly kind: "function";
  /** Keys under which `call-path` finds it. */
  readonly path: readonly string[];
  /** The parameter whose set or object it grows: its caller made it for that. */
  readonly grows: Local | undefined;
  /**
   * What is kept for the generation, because it is asked for more than once: its value, or its answers by their arguments.
   * `gathered`: its value, which it only has from the fourth call on, and not where a built-in fails meanwhile, or it takes
   * too much.
   */
  keeps: "nothing" | "value" | "answers" | "gathered";
  /** It may be part of a chain of calls too long for the stack. */
  countsDepth: boolean;
  /** Units of fuel that a call takes ahead. */
  stretch: number;
};

export type CorePlan = Code & {
  readonly kind: "plan";
  /** Where it has one result alone, which binds `result` and nothing else: that value, and the ops that wrap it up. */
  answer: { readonly value: Local; readonly wraps: readonly Op[] } | undefined;
};

export type CoreCode = CoreFunction | CorePlan;
