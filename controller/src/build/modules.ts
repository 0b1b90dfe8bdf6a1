/** One module for each distinct set of bound units and role, shared by the workloads that have it. */
import { type Diagnostic, hasErrors } from "@regomesh/base";
import type { Role } from "@regomesh/policy-runtime";
import { type BoundEntrypoint, moduleHash, type PolicyRef } from "@regomesh/protocol";
import { ROUTES_SOURCE } from "../gateway-api/compile.ts";
import { isOfRoot } from "../index/bound.ts";
import { makeReport } from "../index/report.ts";
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

type Made = { readonly hash: string; readonly module: CompiledModule; readonly meaning: string } | undefined;

export function makeModules(trees: readonly SourceTree[], tools: PolicyTools, diagnostics: Diagnostic[]): Modules {
  const made = new Map<string, Made>();
  const report = makeReport(diagnostics);

  function make(role: Role, bound: readonly Bound[]): Made {
    const units = [...new Set(bound.map(({ unit }) => unit))].sort();
    const found = units.flatMap((name) => unitOf(trees, name) ?? []);
    const entrypoints = distinct(bound);
    const compiled = tools.compile(found, entrypoints, role);
    const tooMuch = hasErrors(compiled.diagnostics) ? beyondRoots(role, bound, compiled.diagnostics) : undefined;
    if (tooMuch !== undefined) {
      for (const resource of tooMuch.bindings) report(resource, "spec.selector", "binding_count", tooMuch.message);
      return undefined;
    }
    diagnostics.push(...compiled.diagnostics);
    if (compiled.module === undefined || hasErrors(compiled.diagnostics)) return undefined;
    const meaning = JSON.stringify([role, entrypoints, found.map(({ name }) => name), found.map(tools.meaningOf)]);
    return { hash: moduleHash(compiled.module.wasm, compiled.module.data), module: compiled.module, meaning };
  }
  /**
   * Units that compile by themselves may be too much for one module together, which is told of the first: where that is
   * the root's, or is made of routes, and these compile, the largest of the others does not fit beside them.
   */
  function beyondRoots(role: Role, bound: readonly Bound[], said: readonly Diagnostic[]) {
    const kept = bound.filter(isKept);
    const others = bound.filter((each) => !isKept(each));
    const unitsOf = (own: readonly Bound[]) =>
      [...new Set(own.map(({ unit }) => unit))].sort().flatMap((name) => unitOf(trees, name) ?? []);
    const keptFiles = new Set(unitsOf(kept).flatMap(({ files }) => files.map(({ name }) => name)));
    const fault = said.find(({ severity, at }) => severity === "error" && keptFiles.has(at.source.name));
    if (fault === undefined || others.length === 0) return undefined;
    if (hasErrors(tools.compile(unitsOf(kept), distinct(kept), role).diagnostics)) return undefined;
    const sizeOf = (unit: UnitFiles) => unit.files.reduce((sum, { text }) => sum + text.length, 0);
    const largest = unitsOf(others).reduce((a, b) => (sizeOf(b) > sizeOf(a) ? b : a));
    const bindings = new Set(others.filter(({ unit }) => unit === largest.name).map(({ resource }) => resource));
    return {
      bindings,
      message: `beside what else is bound to a workload it does not fit one module: ${fault.message}`,
    };
  }
  const all = () => [...made.values()].flatMap((entry) => (entry === undefined ? [] : [entry]));

  return {
    refer(role, bound) {
      const [first] = bound;
      if (first === undefined) return undefined;
      if (bound.length > ENTRYPOINTS_MAX) {
        reportBeyond(bound, report);
        return undefined;
      }
      const key = JSON.stringify([role, ...distinct(bound)]);
      if (!made.has(key)) made.set(key, make(role, bound));
      const entry = made.get(key);
      return entry === undefined ? undefined : toRef(entry.hash, entry.module, bound, report);
    },
    built() {
      return [
        ...new Map(all().map(({ hash, module }) => [hash, { hash, wasm: module.wasm, data: module.data }])).values(),
      ];
    },
    meaningOf: (hash) => all().find((entry) => entry.hash === hash)?.meaning,
  };
}

/** What is the root's, or is made of routes, stays in force, whatever a namespace binds of its own. */
function isKept({ resource }: Bound): boolean {
  return isOfRoot(resource) || resource.metadata.namespace === ROUTES_SOURCE;
}

function reportBeyond(bound: readonly Bound[], report: ReturnType<typeof makeReport>): void {
  const message = `a workload has more than ${ENTRYPOINTS_MAX} entrypoints of one direction`;
  const beyond = [...bound.filter(isKept), ...bound.filter((each) => !isKept(each))].slice(ENTRYPOINTS_MAX);
  for (const resource of new Set(beyond.map(({ resource }) => resource)))
    report(resource, "spec.selector", "binding_count", message);
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
