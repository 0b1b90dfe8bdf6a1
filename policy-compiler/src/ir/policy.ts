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
 * knows the rules that fired; `BaseDotStmt`, by which base documents are read.
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
  | Stmt<"MarkStmt", { rule: number }>;

export type IrStmtType = IrStmt["type"];
