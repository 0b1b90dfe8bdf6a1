/** The runtime's functions, globals and built-ins as the emitter uses them: found by export name, once. */
import { OWN_NAMES } from "@regomesh/policy-runtime";
import { EmitError } from "../core/error.ts";
import { KIND_FUNCTION, KIND_GLOBAL, type RuntimeModule, type Signature } from "../link/runtime-module.ts";

const FUNCTIONS = [
  "outOfFuel",
  "tooDeep",
  "resultOf",
  "isEqual",
  "isAtomText",
  "getAtom",
  "lengthOf",
  "assignConflict",
  "objectInsertOnce",
  "functionAt",
  "indexFind",
  "indexData",
  "narrow",
  "newObject",
  "newSet",
  "makeArray",
  "arrayPush",
  "objectInsert",
  "setAdd",
  "valueGet",
  "baseGet",
  "scanLength",
  "scanStart",
  "merge",
  "upsert",
  "slotGet",
  "slotMethod",
  "slotTarget",
  "slotAuthority",
  "slotField",
  "slotKnownField",
  "slotParsedPath",
  "slotContext",
  "needInput",
  "memoPush",
  "memoPop",
  "memoCounts",
  "memoFind",
  "memoKeep",
  "gathered",
  "beginGathering",
  "gathersTooMuch",
  "keepGathered",
  "gatherArray",
  "gatherSet",
  "gatherObject",
  "hostCall0",
  "hostCall1",
  "hostCall2",
  "hostCall3",
  "hostCall4",
] as const;

const GLOBALS = ["fuel", "depth", "memoGeneration", "runGeneration"] as const;
const VALUES = ["NULL_VALUE", "FALSE_VALUE", "TRUE_VALUE", "NO_VALUE"] as const;

export type RuntimeFunction = (typeof FUNCTIONS)[number];
export type RuntimeGlobal = (typeof GLOBALS)[number];
export type RuntimeValue = (typeof VALUES)[number];

export type RuntimeCalls = {
  readonly functions: Readonly<Record<RuntimeFunction, number>>;
  readonly globals: Readonly<Record<RuntimeGlobal, number>>;
  /** Addresses of null, false and true, and of what stands for undefined among kept answers. */
  readonly values: Readonly<Record<RuntimeValue, number>>;
};

/** Throws EmitError where the runtime lacks one: it was built from other sources. */
export function resolveRuntime(runtime: RuntimeModule): RuntimeCalls {
  const indexOf = (name: string, kind: number): number => {
    const found = runtime.exports.get(name);
    if (found === undefined || found.kind !== kind) {
      throw new EmitError(`the policy runtime does not export ${name}; build it anew (npm run prepare)`);
    }
    return found.index;
  };
  const addressOf = (name: string): number => {
    const value = runtime.globalValues.get(indexOf(name, KIND_GLOBAL));
    if (value === undefined) throw new EmitError(`the policy runtime's ${name} is no constant`);
    return value;
  };
  return {
    functions: table(FUNCTIONS, (name) => indexOf(name, KIND_FUNCTION)),
    globals: table(GLOBALS, (name) => indexOf(name, KIND_GLOBAL)),
    values: table(VALUES, addressOf),
  };
}

function table<Name extends string>(
  names: readonly Name[],
  of: (name: Name) => number,
): Readonly<Record<Name, number>> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, number>;
}

export type RuntimeBuiltin = { readonly index: number; readonly signature: Signature };

/** The runtime's own built-in of a name, if it has it: `io.jwt.decode` is the export `b$io$jwt$decode`. Each call asks, and twice. */
export function builtinsOf(runtime: RuntimeModule): (name: string) => RuntimeBuiltin | undefined {
  const known = new Map<string, RuntimeBuiltin | undefined>();
  return (name) => {
    const found = known.get(name);
    if (found !== undefined || known.has(name)) return found;
    const own = runtimeBuiltin(runtime, name);
    known.set(name, own);
    return own;
  };
}

export function runtimeBuiltin(runtime: RuntimeModule, name: string): RuntimeBuiltin | undefined {
  const found = runtime.exports.get(`b$${name.replaceAll(".", "$")}`);
  if (found === undefined || found.kind !== KIND_FUNCTION) return undefined;
  return { index: found.index, signature: runtime.signatureOf(found.index) };
}

const ZONES = ["time.zone"];

/**
 * What the runtime's built-ins ask the host for (builtins/host.ts there): declared among the
 * host's built-ins of a policy that calls them. `time.zone(name, seconds)` gives
 * `[seconds east of UTC, abbreviation]`, or undefined for a zone it does not know.
 */
export const HOST_PARTS: Readonly<Record<string, readonly string[]>> = {
  "time.now_ns": ["time.now_ns"],
  "time.add_date": ZONES,
  "time.clock": ZONES,
  "time.date": ZONES,
  "time.diff": ZONES,
  "time.format": ZONES,
  "time.weekday": ZONES,
  "uuid.rfc4122": ["uuid.rfc4122"],
  "rand.intn": ["rand.intn"],
  "providers.aws.sign_req": ["providers.aws.sign_req"],
  "net.lookup_ip_addr": ["net.lookup_ip_addr"],
  "json.match_schema": ["json.match_schema"],
  "json.verify_schema": ["json.verify_schema"],
  ...timed("http.send"),
  ...timed("io.jwt.decode_verify"),
  ...timed("crypto.x509.parse_and_verify_certificates"),
  ...timed("crypto.x509.parse_and_verify_certificates_with_options"),
};

/** The host is told the evaluation's time as one more operand, so that it has one clock. */
function timed(name: string): Readonly<Record<string, readonly string[]>> {
  return { [name]: [name, "time.now_ns"] };
}

/** By which names the host is asked for a built-in, or for the part of it that the host brings. */
export function hostNames(builtin: string): readonly string[] {
  return HOST_PARTS[builtin] ?? [OWN_NAMES.get(builtin) ?? builtin];
}
