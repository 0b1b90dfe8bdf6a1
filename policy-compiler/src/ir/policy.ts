/**
 * OPA's intermediate representation, in the shape of its JSON (OPA v1/ir/ir.go), so that
 * plans of either compiler run on either back end.
 *
 * A block is a list of statements. A statement that is undefined leaves its block; so
 * does BreakStmt, for the block `index` levels up. A function whose blocks all end
 * without ReturnLocalStmt is undefined. Locals belong to a function or plan; local 0 is
 * input and local 1 data in all of them.
 *
 * Own additions, absent from OPA's JSON: `MarkStmt` and `static.rules`, by which a decision
 * knows the rules that fired; `BaseDotStmt`, by which base documents are read; `InputSlotStmt`
 * and `NeedInputStmt`, which optimize/input-slots.ts makes; `DispatchStmt` and `grows`, which
 * optimize/rule-index.ts makes; `NarrowStmt` and `static.indexes`, which optimize/data-index.ts makes.
 */
export type IrPolicy = {
  readonly static?: IrStatic;
  readonly plans?: { readonly plans: readonly IrPlan[] | null };
  readonly funcs?: { readonly funcs: readonly IrFunc[] | null };
};

export type IrStatic = {
  readonly strings?: readonly IrString[] | null;
  readonly builtin_funcs?: readonly IrBuiltin[] | null;
  readonly files?: readonly IrString[] | null;
  /** What MarkStmt's index points to. */
  readonly rules?: readonly IrRule[];
  /** What NarrowStmt's index points to. */
  readonly indexes?: readonly IrDataIndex[];
};

export type IrString = { readonly value: string };

export type IrBuiltin = { readonly name: string; readonly decl?: unknown };

export type IrRule = {
  /** The unit that it belongs to; "" where the policy has no units. */
  readonly unit: string;
  /** `data.mesh.authz.allow` */
  readonly path: string;
  readonly file: string;
  readonly row: number;
  readonly column: number;
};

export type IrPlan = { readonly name: string; readonly blocks: readonly IrBlock[] | null };

export type IrFunc = {
  readonly name: string;
  readonly params: readonly number[];
  readonly return: number;
  readonly blocks: readonly IrBlock[] | null;
  /** Keys under which CallDynamicStmt finds the function, `["g0", "mesh", "authz", "allow"]`. */
  readonly path?: readonly string[] | null;
  /** The parameter whose set or object the function grows: its caller made it for that. */
  readonly grows?: number;
};

export type IrBlock = { readonly stmts: readonly IrStmt[] | null };

export type IrOperand =
  | { readonly type: "local"; readonly value: number }
  | { readonly type: "string_index"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean };

/** `file` indexes static.files; rows and columns begin at 1. */
export type IrLocation = {
  readonly file?: number;
  readonly col?: number;
  readonly row?: number;
  readonly end_col?: number;
  readonly end_row?: number;
};

type Stmt<Type extends string, Fields> = { readonly type: Type; readonly stmt: IrLocation & Readonly<Fields> };

export type IrStmt =
  | Stmt<"ReturnLocalStmt", { source: number }>
  | Stmt<"CallStmt", { func: string; args: readonly IrOperand[] | null; result: number }>
  | Stmt<"CallDynamicStmt", { args: readonly number[] | null; result: number; path: readonly IrOperand[] }>
  | Stmt<"BlockStmt", { blocks: readonly IrBlock[] | null }>
  | Stmt<"BreakStmt", { index: number }>
  | Stmt<"DotStmt", { source: IrOperand; key: IrOperand; target: number }>
  | Stmt<"LenStmt", { source: IrOperand; target: number }>
  | Stmt<"ScanStmt", { source: number; key: number; value: number; block: IrBlock }>
  | Stmt<"NotStmt", { block: IrBlock }>
  | Stmt<"AssignIntStmt", { value: number; target: number }>
  | Stmt<"AssignVarStmt", { source: IrOperand; target: number }>
  | Stmt<"AssignVarOnceStmt", { source: IrOperand; target: number }>
  | Stmt<"ResetLocalStmt", { target: number }>
  | Stmt<"MakeNullStmt", { target: number }>
  | Stmt<"MakeNumberIntStmt", { value: number; target: number }>
  | Stmt<"MakeNumberRefStmt", { Index: number; target: number }>
  | Stmt<"MakeArrayStmt", { capacity: number; target: number }>
  | Stmt<"MakeObjectStmt", { target: number }>
  | Stmt<"MakeSetStmt", { target: number }>
  | Stmt<"EqualStmt", { a: IrOperand; b: IrOperand }>
  | Stmt<"NotEqualStmt", { a: IrOperand; b: IrOperand }>
  | Stmt<"IsArrayStmt", { source: IrOperand }>
  | Stmt<"IsObjectStmt", { source: IrOperand }>
  | Stmt<"IsSetStmt", { source: IrOperand }>
  | Stmt<"IsDefinedStmt", { source: number }>
  | Stmt<"IsUndefinedStmt", { source: number }>
  | Stmt<"ArrayAppendStmt", { value: IrOperand; array: number }>
  | Stmt<"ObjectInsertStmt", { key: IrOperand; value: IrOperand; object: number }>
  | Stmt<"ObjectInsertOnceStmt", { key: IrOperand; value: IrOperand; object: number }>
  | Stmt<"ObjectMergeStmt", { a: number; b: number; target: number }>
  | Stmt<"SetAddStmt", { value: IrOperand; set: number }>
  | Stmt<"WithStmt", { local: number; path: readonly number[] | null; value: IrOperand; block: IrBlock }>
  | Stmt<"NopStmt", Record<never, never>>
  | Stmt<"ResultSetAddStmt", { value: number }>
  /** A DotStmt into a base document, whose keys are texts: number 2 finds "2", and "0" the first element of an array. */
  | Stmt<"BaseDotStmt", { source: IrOperand; key: IrOperand; target: number }>
  /** The rule's body holds: its bit in the decision is set. */
  | Stmt<"MarkStmt", { rule: number }>
  /** `target` is the value at a path of constant keys below input, which is local `source`: a chain of DotStmts in one. */
  | Stmt<"InputSlotStmt", { source: number; path: readonly string[]; target: number }>
  /** Input, in local `source`, is used as a value from here on. */
  | Stmt<"NeedInputStmt", { source: number }>
  | Stmt<"DispatchStmt", IrDispatch>
  /**
   * `target` is `source`, or what an index of the data leaves of it for these keys: members that it leaves out
   * would be without effect in the iteration that follows. `data` is the local of the data that the index is of. `sure`
   * is defined where all that the index asks holds for each member of `target`.
   */
  | Stmt<
      "NarrowStmt",
      { source: number; data: number; index: number; keys: readonly number[]; target: number; sure?: number }
    >;

/**
 * Calls functions one after the other, all with the same arguments; undefined ones are passed
 * over, and the block goes on whatever they give. `agree`: all that are defined must be equal,
 * and to what `target` is already. `first`: the first that is defined ends the calls. `grow`: they
 * have no value, and grow `target`.
 */
export type IrDispatch = {
  readonly funcs: readonly string[];
  readonly args: readonly IrOperand[];
  readonly how: "agree" | "first" | "grow";
  readonly target: number;
  /** Locals that the index asks, undefined where they have no value. */
  readonly keys: readonly number[];
  /** Each function that could be defined for these keys, or fail, is in the list that one of these leads to; the others need not be called. */
  readonly index: readonly IrIndexNode[];
};

/** `key` is a place in the dispatch's keys, `funcs` are places in its functions in their order. */
export type IrIndexNode =
  | { readonly kind: "list"; readonly funcs: readonly number[] }
  | {
      readonly kind: "equal";
      readonly key: number;
      /** By the text of a constant, JSON. */
      readonly cases: readonly (readonly [text: string, then: IrIndexNode])[];
      readonly otherwise: IrIndexNode;
    }
  | {
      readonly kind: "prefix" | "suffix";
      readonly key: number;
      /** By the longest of the strings that the key begins or ends with. */
      readonly cases: readonly (readonly [string: string, then: IrIndexNode])[];
      readonly otherwise: IrIndexNode;
      readonly noString: IrIndexNode;
    };

/** An index of the collections at a path of the data, made once when data is loaded. */
export type IrDataIndex = {
  /** Where the data begin that the policy's functions are given: a unit's part, or all. */
  readonly root: readonly string[];
  /** From there to the collections; undefined stands for every member. */
  readonly path: readonly (string | undefined)[];
  /** From a member to what else the levels ask about: with several ways there, one of them must do. Empty: the member itself. */
  readonly witness: readonly IrWitnessStep[];
  readonly levels: readonly IrIndexLevel[];
  /** The position of an array's member is read: arrays are left as they are. */
  readonly keepsArrays: boolean;
};

/** Its part of this name; each of its members; what stands under it in the data at a path. */
export type IrWitnessStep =
  | { readonly kind: "field"; readonly name: string }
  | { readonly kind: "each" }
  | { readonly kind: "data"; readonly path: readonly string[] };

/**
 * What must hold of the key and a part of the member, or of the witness:
 *   equal     they are equal
 *   member    the part has the key as a member
 *   count     both have as many members
 *   segments  each element of the part is one of `constants`, or equal to the key's element in its place
 */
export type IrIndexLevel = {
  readonly test: "equal" | "member" | "count" | "segments";
  readonly of: "member" | "witness";
  /** Names that lead to the part. */
  readonly part: readonly string[];
  /** Place in the statement's keys. */
  readonly key: number;
  readonly constants: readonly string[];
};

export type IrStmtType = IrStmt["type"];
