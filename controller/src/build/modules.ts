/** One module for each distinct set of bound units and role, shared by the workloads that have it. */
import { type Diagnostic, hasErrors } from "@regomesh/base";
import type { Role } from "@regomesh/policy-runtime";
import { type BoundEntrypoint, moduleHash, type PolicyRef } from "@regomesh/protocol";
import { ROUTES_SOURCE } from "../gateway-api/compile.ts";
import { isOfRoot } from "../index/bound.ts";
import { makeReport } from "../index/report.ts";
import type { Seniority } from "../index/seniority.ts";
import { type Bound, ENTRYPOINTS_MAX } from "../snapshot/composition.ts";
import { type SourceTree, unitOf } from "./source-tree.ts";
import type { BuiltModule, CompiledModule, PolicyTools, UnitEntrypoint, UnitFiles } from "./tools.ts";

export type Modules = {
  /** The module that answers a workload's entrypoints in this role; undefined where there are none, or after a diagnostic. */
  refer(role: Role, bound: readonly Bound[]): PolicyRef | undefined;
  built(): readonly BuiltModule[];
  /** What a built module says, by its hash: of modules that say the same, one need not take another's place. */
  meaningOf(hash: string): string | undefined;
};

type Entry = { readonly hash: string; readonly module: CompiledModule };
type Made = Entry | undefined;

/** Units that are said at a time not to fit beside others: each takes some compilations to find. */
const BEYOND_MAX = 4;

export function makeModules(
  trees: readonly SourceTree[],
  seniority: Seniority,
  tools: PolicyTools,
  diagnostics: Diagnostic[],
): Modules {
  const made = new Map<string, Made>();
  /** By hash; of modules with one hash that of the first. */
  const meanings = new Map<string, string>();
  const report = makeReport(diagnostics);

  function make(role: Role, bound: readonly Bound[]): Made {
    const found = unitsOf(bound);
    const entrypoints = distinct(bound);
    const compiled = tools.compile(found, entrypoints, role);
    const tooMuch = hasErrors(compiled.diagnostics) ? beyondOthers(role, bound, compiled.diagnostics) : undefined;
    if (tooMuch !== undefined) {
      for (const resource of tooMuch.bindings) report(resource, "spec.selector", "binding_count", tooMuch.message);
      return undefined;
    }
    diagnostics.push(...compiled.diagnostics);
    if (compiled.module === undefined || hasErrors(compiled.diagnostics)) return undefined;
    const meaning = JSON.stringify([role, entrypoints, found.map(({ name }) => name), found.map(tools.meaningOf)]);
    const hash = hashOf(compiled.module);
    if (!meanings.has(hash)) meanings.set(hash, meaning);
    return { hash, module: compiled.module };
  }
  /**
   * Units that compile by themselves may be too much for one module together, which is told of the first by its name.
   * Then those bindings are to blame whose unit does not fit beside what was there before it; undefined where the
   * fault is a unit's own. What is kept comes before all others.
   */
  function beyondOthers(role: Role, bound: readonly Bound[], said: readonly Diagnostic[]) {
    const fits = (own: readonly Bound[]) => !hasErrors(tools.compile(unitsOf(own), distinct(own), role).diagnostics);
    const fault = said.find(({ severity }) => severity === "error");
    const isFaulty = ({ files }: UnitFiles) => files.some(({ name }) => name === fault?.at.source.name);
    const named = unitsOf(bound).find(isFaulty)?.name;
    const own = bound.filter(({ unit }) => unit === named);
    if (fault === undefined || own.length === 0 || own.length === bound.length || !fits(own)) return undefined;
    const first = new Map<string, Bound>();
    for (const each of inOrder(bound)) if (!first.has(each.unit)) first.set(each.unit, each);
    let left: readonly string[] = [...first.keys()];
    const beyond = new Set<string>();
    const boundIn = (units: readonly string[]) => bound.filter(({ unit }) => units.includes(unit));
    while (left.length > 1 && beyond.size < BEYOND_MAX && !fits(boundIn(left))) {
      // The longest beginning that fits: what comes right after it does not.
      let [fitting, tooLong] = [0, left.length];
      while (tooLong - fitting > 1) {
        const middle = (fitting + tooLong) >> 1;
        if (fits(boundIn(left.slice(0, middle)))) fitting = middle;
        else tooLong = middle;
      }
      beyond.add(left[fitting] ?? "");
      left = left.toSpliced(fitting, 1);
    }
    const bindings = new Set(bound.filter(({ unit }) => beyond.has(unit)).map(({ resource }) => resource));
    if (bindings.size === 0) return undefined;
    return {
      bindings,
      message: `beside what else is bound to a workload it does not fit one module: ${fault.message}`,
    };
  }
  function unitsOf(own: readonly Bound[]): readonly UnitFiles[] {
    return [...new Set(own.map(({ unit }) => unit))].sort().flatMap((name) => unitOf(trees, name) ?? []);
  }
  /** What is kept before all others, and of these the seniors first. */
  function inOrder(bound: readonly Bound[]): readonly Bound[] {
    const seniors = bound.toSorted((a, b) => seniority(a.resource, b.resource));
    return [...seniors.filter(isKept), ...seniors.filter((each) => !isKept(each))];
  }
  const all = () => [...made.values()].flatMap((entry) => (entry === undefined ? [] : [entry]));

  return {
    refer(role, bound) {
      const [first] = bound;
      if (first === undefined) return undefined;
      if (bound.length > ENTRYPOINTS_MAX) {
        reportBeyond(inOrder(bound), report);
        return undefined;
      }
      const key = `${role} ${keyOf(bound)}`;
      if (!made.has(key)) made.set(key, make(role, bound));
      const entry = made.get(key);
      return entry === undefined ? undefined : refOf(entry, bound, report);
    },
    built() {
      return [
        ...new Map(all().map(({ hash, module }) => [hash, { hash, wasm: module.wasm, data: module.data }])).values(),
      ];
    },
    meaningOf: (hash) => meanings.get(hash),
  };
}

/** Of modules that are remembered from one build to the next: a large mesh's are megabytes. */
const hashes = new WeakMap<CompiledModule, string>();

function hashOf(module: CompiledModule): string {
  const hash = hashes.get(module) ?? moduleHash(module.wasm, module.data);
  hashes.set(module, hash);
  return hash;
}

/** What is the root's, or is made of routes, stays in force, whatever a namespace binds of its own. */
function isKept({ resource }: Bound): boolean {
  return isOfRoot(resource) || resource.metadata.namespace === ROUTES_SOURCE;
}

/** `bound`: in the order in which they may stay. */
function reportBeyond(bound: readonly Bound[], report: ReturnType<typeof makeReport>): void {
  const message = `a workload has more than ${ENTRYPOINTS_MAX} entrypoints of one direction`;
  let taken = 0;
  // One that does not fit takes no room from those that come after it.
  for (const [resource, own] of Map.groupBy(bound, (each) => each.resource)) {
    if (taken + own.length <= ENTRYPOINTS_MAX) taken += own.length;
    else report(resource, "spec.selector", "binding_count", message);
  }
}

/** Each rule once, in an order that does not depend on the bindings' names. */
function distinct(bound: readonly Bound[]): readonly UnitEntrypoint[] {
  const keys = [...new Set(bound.map(({ unit, entrypoint }) => JSON.stringify([unit, entrypoint])))].sort();
  return keys.map((key) => {
    const [unit, name] = JSON.parse(key) as [string, string];
    const asked = bound.filter((each) => each.unit === unit && each.entrypoint === name);
    return { unit, name, kinds: [...new Set(asked.map(({ kind }) => kind))].sort() };
  });
}

/** Of what is bound together, the rules that are asked: it is put together once for an index. */
const keys = new WeakMap<readonly Bound[], string>();

function keyOf(bound: readonly Bound[]): string {
  const key = keys.get(bound) ?? JSON.stringify(distinct(bound));
  keys.set(bound, key);
  return key;
}

/** Of what is bound together, what was said last of a module that has all of it. */
const refs = new WeakMap<readonly Bound[], { readonly module: CompiledModule; readonly ref: PolicyRef }>();

function refOf({ hash, module }: Entry, bound: readonly Bound[], report: ReturnType<typeof makeReport>): PolicyRef {
  const known = refs.get(bound);
  if (known?.module === module) return known.ref;
  const ref = toRef(hash, module, bound, report);
  if (ref.entrypoints.length === bound.length) refs.set(bound, { module, ref });
  return ref;
}

function toRef(
  hash: string,
  { meta }: CompiledModule,
  bound: readonly Bound[],
  report: ReturnType<typeof makeReport>,
): PolicyRef {
  const entrypoints: BoundEntrypoint[] = [];
  for (const { entrypoint, resource, ...rest } of bound) {
    const names = [entrypoint, `${rest.unit}/${entrypoint}`];
    const found = meta.entrypoints.find(({ unit, name }) => unit === rest.unit && names.includes(name));
    if (found === undefined) {
      report(resource, "spec.entrypoints", "binding_entrypoint", `unit ${rest.unit} has no rule ${entrypoint}`);
    } else entrypoints.push({ ...rest, name: found.name });
  }
  return { module: hash, entrypoints };
}
