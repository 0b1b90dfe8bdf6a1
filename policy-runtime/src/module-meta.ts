/**
 * What a compiled module says of itself: the JSON of its custom section `regomesh`,
 * written by policy-compiler, read by everyone who runs modules.
 */
export const MODULE_ABI = 5;
export const META_SECTION = "regomesh";

export type ModuleMeta = {
  /** Version of the fast path's contract; a module with another one is refused. */
  readonly abi: number;
  /** Compiler's name and version, part of the module's identity. */
  readonly compiler: string;
  /** In the order of their bits in a decision's mask. */
  readonly entrypoints: readonly ModuleEntrypoint[];
  /** Index = bit in the fired-rules set of the decision record. */
  readonly rules: readonly RulePlace[];
  readonly reads: ModuleReads;
  /** Names of the built-ins that the host must bring. */
  readonly hostBuiltins: readonly string[];
};

export type ModuleEntrypoint = {
  /** `mesh/authz/allow`; with several units `unit/mesh/authz/allow`. */
  readonly name: string;
  readonly unit: string;
  /** Units of fuel that a decision should not go beyond: what does is counted. */
  readonly budget?: number;
  /** The rules that it can reach, as runs `[from, to)` of indices in the meta's rules. */
  readonly rules: readonly (readonly [from: number, to: number])[];
};

export type RulePlace = {
  /** The unit that the rule belongs to. */
  readonly unit: string;
  /** `data.mesh.authz.allow` */
  readonly path: string;
  readonly file: string;
  readonly row: number;
  readonly column: number;
};

/** Facts of the compile-time analysis that decide what the host must provide. */
export type ModuleReads = {
  /** The policy reads the request's body (`parsed_body`, `http.body`, `truncated_body`). */
  readonly body: boolean;
  /** The policy reads parsed_query, so a malformed query is a bad request. */
  readonly query: boolean;
  /** Names of the only header fields that it can ask for, in lower case; absent where it may ask for any. */
  readonly fields?: readonly string[];
};
