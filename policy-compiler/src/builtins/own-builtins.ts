/**
 * Users' own built-ins: declared by name and type as OPA's `rego.Function` does, done by a function
 * in TypeScript. The checks of types know them; modules ask their host for them.
 */
import { adaptImplementation, type HostBuiltins, type OwnImplementation, type Role } from "@regomesh/policy-runtime";
import { type Declaration, parseDeclaration } from "./declaration.ts";
import type { BuiltinSignature } from "./signature.ts";
import { BUILTINS, type BuiltinSignatures, makeSignatures } from "./table.ts";

export type OwnBuiltin = {
  /** Words with dots between, none of OPA's names: `mesh.quota`. */
  readonly name: string;
  readonly decl: Declaration;
  /** Answers at once. Undefined leaves the call undefined; an error thrown is a built-in error. */
  readonly implementation: OwnImplementation;
  /** The same operands may give another value in another evaluation; in one they give one. */
  readonly nondeterministic?: boolean;
  /** Roles whose hosts bring it, beside command line and tests: for whoever embeds a proxy's runtime. */
  readonly offeredTo?: readonly Role[];
};

export type OwnBuiltins = {
  /** OPA's, and these. */
  readonly signatures: BuiltinSignatures;
  readonly hostBuiltins: HostBuiltins;
};

/** OPA's ABI has no call with more. */
const OPERANDS_MAX = 4;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*$/;
const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
const ROOTS: ReadonlySet<string> = new Set(["data", "input", "import", "package", "internal"]);

/** Throws Error, naming the built-in, where one cannot be. */
export function makeOwnBuiltins(own: readonly OwnBuiltin[]): OwnBuiltins {
  const signatures = new Map<string, BuiltinSignature>();
  const hostBuiltins = new Map<string, HostBuiltins[string]>();
  for (const each of own) {
    const signature = signatureOf(each);
    if (signatures.has(each.name)) throw new Error(`built-in ${each.name}: declared twice`);
    signatures.set(each.name, signature);
    const { isNondeterministic } = signature;
    hostBuiltins.set(each.name, adaptImplementation(each.implementation, { isNondeterministic }));
  }
  return { signatures: makeSignatures([...signatures.values()]), hostBuiltins: Object.fromEntries(hostBuiltins) };
}

function signatureOf({
  name,
  decl,
  implementation,
  nondeterministic = false,
  offeredTo = [],
}: OwnBuiltin): BuiltinSignature {
  const fail = (why: string): never => {
    throw new Error(`built-in ${name}: ${why}`);
  };
  if (typeof name !== "string" || !NAME.test(name)) fail("no name of a built-in, which is words with dots between");
  if (ROOTS.has(name.split(".")[0] as string)) fail("Rego has another use for the name's first word");
  if (BUILTINS.resolve(name) !== undefined) fail("OPA has one of this name");
  if (typeof implementation !== "function") fail("its implementation is no function");
  if (implementation instanceof AsyncFunction) fail("its implementation is async: an evaluation waits for nothing");
  const { args, result } = parsed(decl, fail);
  if (args.length > OPERANDS_MAX) fail(`takes ${args.length} operands; ${OPERANDS_MAX} is the most`);
  return {
    name,
    args,
    result,
    arity: args.length,
    isVoid: result === undefined,
    isRelation: false,
    isVariadic: false,
    isDeprecated: false,
    isNondeterministic: nondeterministic,
    offeredTo: ["cli", "controller", ...offeredTo],
  };
}

function parsed(decl: Declaration, fail: (why: string) => never) {
  try {
    return parseDeclaration(decl);
  } catch (error) {
    return fail((error as Error).message);
  }
}
