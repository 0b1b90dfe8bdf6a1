/** What a build needs of the policy compiler; the worker process brings the real one. */
import type { Diagnostic, Source } from "@regomesh/base";
import type { RuleOutcome } from "@regomesh/policy-compiler";
import type {
  ConnectionContext,
  Destination,
  EntrypointKind,
  ModuleMeta,
  Policy,
  Role,
} from "@regomesh/policy-runtime";
import type { Parsed } from "@regomesh/resources";
import type { FailedTestBody } from "../api/releases.ts";

/** A policy unit: a directory of the source, its files named as in the repository. */
export type UnitFiles = {
  /** As bindings name it. */
  readonly name: string;
  /** The directory's path in the repository, without a slash at its end. */
  readonly directory: string;
  readonly files: readonly Source[];
};

export type BuiltModule = { readonly hash: string; readonly wasm: Uint8Array; readonly data: string };

export type UnitEntrypoint = {
  readonly unit: string;
  readonly name: string;
  /** The decisions that bindings ask it for. */
  readonly kinds?: readonly EntrypointKind[];
};

export type CompiledModule = {
  readonly wasm: Uint8Array;
  /** JSON text of the module's data document. */
  readonly data: string;
  readonly meta: ModuleMeta;
};

/** `again` of whoever remembers nothing. */
export function makeAnew<T>(_name: string, _parts: readonly unknown[], make: () => T): T {
  return make();
}

/** What is not remembered is not made now: the build is left, to be asked for once more. */
export class TurnOver extends Error {}

/** What makes anew may throw `TurnOver`. */
export interface BuildTools {
  /** Name and version of the compiler and its runtime: a build by another one is another build. */
  readonly version: string;
  /** The resources of a file; of the same file they may be the same values. */
  parse(file: Source): Parsed;
  /** What the role does not offer is a diagnostic where the policy asks for it. */
  compile(
    units: readonly UnitFiles[],
    entrypoints: readonly UnitEntrypoint[],
    role: Role,
  ): { readonly module?: CompiledModule; readonly diagnostics: readonly Diagnostic[] };
  /** A digest of what a unit says, without where and how its text says it. */
  meaningOf(unit: UnitFiles): string;
  /** The hash of a value's canonical JSON. */
  digest(value: object): string;
  /** What was made last under a name, where that was of the very same parts; otherwise it is made. What is made is never changed. */
  again<T>(name: string, parts: readonly unknown[], make: () => T): T;
  /** Runs every test rule of a unit. `mayWait`: where it is left, others go on without it. */
  test(
    unit: UnitFiles,
    mayWait?: boolean,
  ): {
    readonly diagnostics: readonly Diagnostic[];
    readonly passed: number;
    readonly failed: readonly FailedTestBody[];
    /** Milliseconds of a processor that it took. */
    readonly cpuMs: number;
  };
}

export interface RehearsalTools {
  /** A module as a proxy opens it, for requests that are not sent; one and the same each time. */
  open(module: BuiltModule, destination: Destination): Policy;
  nowMs(): number;
  /** Milliseconds of a processor that this process has taken so far. */
  cpuMs(): number;
  /** The whole input document that a policy would see, as JSON text. */
  inputOf(head: Uint8Array, connection: ConnectionContext, destination: Destination, nowMs: number): string;
  /** What the rules of a unit do about an input; empty where it does not compile. */
  explain(unit: UnitFiles, entrypoint: string, input: string): readonly RuleOutcome[];
}

export type PolicyTools = BuildTools & RehearsalTools;
