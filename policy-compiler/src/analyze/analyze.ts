/**
 * From parsed modules to resolved ones, by an ordered list of stages. A stage that finds
 * errors is the last one: what comes after would report their consequences.
 */
import { type Diagnostic, hasErrors, type Location, sortDiagnostics } from "@regomesh/base";
import { BUILTINS, type BuiltinSignatures } from "../builtins/table.ts";
import type * as Resolved from "../resolved/ast.ts";
import { constantPath, eachNode, makeRuleTree, partsOfPartials, type RuleNode } from "../resolved/rule-tree.ts";
import type { Module, Rule, Term } from "../syntax/ast.ts";
import { linksOf } from "../syntax/rule-links.ts";
import type { RuleTypes } from "../types/check-rules.ts";
import type { Schemas } from "../types/schemas.ts";
import { callsFirst } from "./calls-first.ts";
import { checkAnnotations } from "./check-annotations.ts";
import { type Callables, checkRuleCalls, makeCallables } from "./check-calls.ts";
import { checkConflicts } from "./check-conflicts.ts";
import { checkHeadNames } from "./check-head-names.ts";
import { checkImports } from "./check-imports.ts";
import { checkRecursion } from "./check-recursion.ts";
import { checkTypes } from "./check-types.ts";
import { checkModifiers } from "./check-with.ts";
import type { RewriteContext } from "./context.ts";
import { type Dependencies, findDependencies } from "./dependencies.ts";
import { areAlike, findNeeds } from "./early-ends.ts";
import { findIndexPaths } from "./find-index-paths.ts";
import { findFailing } from "./may-fail.ts";
import { collectAnnotations, jsonTerm, metadataChain, metadataRule } from "./metadata.ts";
import { collectExports, collectGlobals } from "./names.ts";
import { readFirst } from "./read-first.ts";
import { rewriteRule } from "./rewrite-rule.ts";
import { checkHeads, orderRule } from "./safety.ts";
import { toResolvedModule } from "./to-resolved.ts";

export type AnalyzeOptions = {
  readonly modules: readonly Module[];
  /** OPA's, unless a host has more. */
  readonly builtins?: BuiltinSignatures;
  /** Keep calls of print; otherwise they are erased. */
  readonly print?: boolean;
  /** Also refuse what is unused. */
  readonly strict?: boolean;
  /** Errors of built-ins are to end an evaluation. */
  readonly errorsEnd?: boolean;
  /** Types of documents; absent: annotations that speak of schemas say nothing. */
  readonly schemas?: Schemas | undefined;
};

export type Analysis = {
  /** Absent where a diagnostic is an error. */
  readonly modules?: readonly Resolved.Module[];
  /** Their rules by place, and what they give; there where the modules are. */
  readonly root?: RuleNode;
  readonly types?: RuleTypes;
  readonly diagnostics: readonly Diagnostic[];
};

/** What the stages hand on. */
type State = {
  readonly modules: readonly Module[];
  readonly builtins: BuiltinSignatures;
  readonly print: boolean;
  readonly strict: boolean;
  readonly errorsEnd: boolean;
  readonly index: RuleNode<Rule>;
  readonly callables: Callables;
  readonly schemas: Schemas | undefined;
  /** Faults that no later stage stumbles over: the stages go on. */
  readonly minor: Diagnostic[];
  /** Faults that count only where no stage stops. */
  readonly late: Diagnostic[];
  /** Once bodies are in order. */
  readonly resolved?: ResolvedState;
  readonly dependencies?: Dependencies;
  readonly types?: RuleTypes;
};

type ResolvedState = { readonly modules: readonly Resolved.Module[]; readonly root: RuleNode };

type Stage = {
  readonly name: string;
  readonly run: (state: State, diagnostics: Diagnostic[]) => State;
  /** OPA has looked at the variables of template strings by then, and says nothing else where one is undeclared. */
  readonly isBehindTemplates?: boolean;
};

const STAGES: readonly Stage[] = [
  { name: "check imports and names of heads", run: checkWritten },
  { name: "resolve names and rewrite", run: rewriteModules },
  {
    name: "check annotations",
    run: (state, diagnostics) => keep(state, diagnostics, checkAnnotations(state.modules)),
    isBehindTemplates: true,
  },
  {
    name: "check conflicts",
    run: (state, diagnostics) => keep(state, diagnostics, checkConflicts(state.index, state.modules)),
    isBehindTemplates: true,
  },
  { name: "check calls and with", run: checkCalls, isBehindTemplates: true },
  { name: "check heads, and order bodies, for safety", run: orderModules },
  { name: "check recursion", run: checkCycles },
  { name: "check types", run: checkAllTypes },
  { name: "put calls and reads of base documents first", run: readAllFirst },
];

export function analyze(options: AnalyzeOptions): Analysis {
  const { modules, builtins = BUILTINS, print = false, strict = false, errorsEnd = false, schemas } = options;
  const index = makeRuleTree<Rule>([]);
  let state: State = {
    modules,
    builtins,
    print,
    strict,
    errorsEnd,
    index,
    callables: makeCallables(index, builtins),
    schemas,
    minor: [],
    late: [],
  };
  const diagnostics: Diagnostic[] = [];
  for (const stage of STAGES) {
    state = stage.run(state, diagnostics);
    if (!hasErrors(diagnostics)) continue;
    const undeclared = stage.isBehindTemplates ? orderBodies(state).undeclared : [];
    const told = undeclared.length > 0 ? undeclared : diagnostics;
    return { diagnostics: sortDiagnostics([...told, ...state.minor]) };
  }
  diagnostics.push(...state.minor, ...state.late);
  if (hasErrors(diagnostics)) return { diagnostics: sortDiagnostics(diagnostics) };
  const types = state.types === undefined ? {} : { types: state.types };
  return { ...resolvedOf(state), ...types, diagnostics: sortDiagnostics(diagnostics) };
}

function keep(state: State, diagnostics: Diagnostic[], found: readonly Diagnostic[]): State {
  diagnostics.push(...found);
  return state;
}

function checkWritten(state: State, diagnostics: Diagnostic[]): State {
  for (const module of state.modules) {
    state.minor.push(...checkImports(module, state.strict));
    diagnostics.push(...checkHeadNames(module, state.builtins));
  }
  return state;
}

function rewriteModules(state: State, diagnostics: Diagnostic[]): State {
  const exports = collectExports(state.modules);
  const annotations = collectAnnotations(state.modules);
  const isDocument = makeIsDocument(state.modules);
  const modules = state.modules.map((module): Module => {
    const globals = collectGlobals(module.package.path, module.imports, exports);
    const mayShadow = isLenient(module, state);
    const rules = module.rules.map((rule) => {
      const metadata = (name: "chain" | "rule", at: Location, link = rule): Term =>
        jsonTerm(
          at,
          name === "chain" ? metadataChain(annotations, module, rule, link) : metadataRule(annotations, link),
        );
      const counter = { locals: 0, generated: 0 };
      const { builtins, print, strict, minor } = state;
      const settings = { builtins, print, strict, mayShadow, isDocument };
      const context: RewriteContext = { ...settings, globals, diagnostics, minor, metadata, counter };
      return rewriteRule(context, module.package.path, rule);
    });
    return { ...module, imports: [], rules };
  });
  const index = makeRuleTree(modules);
  return { ...state, modules, index, callables: makeCallables(index, state.builtins) };
}

/** Of rules as they are written: few programs ask. */
function makeIsDocument(modules: readonly Module[]): RewriteContext["isDocument"] {
  let paths: Set<string> | undefined;
  return (path) => {
    paths ??= new Set(modules.flatMap((module) => module.rules.flatMap((rule) => documentPath(module, rule))));
    return paths.has(JSON.stringify(path));
  };
}

function documentPath(module: Module, { head }: Rule): readonly string[] {
  return head.args === undefined ? [JSON.stringify(["data", ...module.package.path, ...constantPath(head.ref)])] : [];
}

function isLenient(module: Module, state: State): boolean {
  return !module.isV1 && !state.strict;
}

function checkCalls(state: State, diagnostics: Diagnostic[]): State {
  for (const module of state.modules) {
    const context = { ...state, root: state.index, diagnostics, mayDeprecated: isLenient(module, state) };
    for (const rule of module.rules) {
      for (const expr of checkRuleCalls(rule, context)) checkModifiers(expr, context);
    }
  }
  return state;
}

function checkCycles(state: State, diagnostics: Diagnostic[]): State {
  const dependencies = findDependencies(resolvedOf(state).root);
  return { ...keep(state, diagnostics, checkRecursion(dependencies)), dependencies };
}

function checkAllTypes(state: State): State {
  const { modules } = resolvedOf(state);
  const { types, diagnostics: found } = checkTypes(dependenciesOf(state), { ...state, modules });
  return { ...keep(state, state.minor, found), types };
}

function dependenciesOf(state: State): Dependencies {
  return state.dependencies ?? findDependencies(resolvedOf(state).root);
}

/** Generated variables of these stages are numbered from here, so that none is one of a stage before. */
const ORDERING_START = 1_000_000;
const READING_START = 2_000_000;
const NEEDS_START = 3_000_000;

function readAllFirst(state: State): State {
  const { modules, root } = resolvedOf(state);
  const { errorsEnd } = state;
  // Where errors of built-ins end an evaluation any rule may; otherwise those that ask others.
  const asking = errorsEnd ? modules.flatMap(({ rules }) => rules.flatMap(linksOf)) : dependenciesOf(state).asking;
  const failing = findFailing(asking, { root, errorsEnd });
  // Where nothing fails it does not matter what is evaluated first.
  if (failing.size === 0) return state;
  const needs = new Map<Resolved.Rule, Resolved.Body>();
  const alike = new Set<Resolved.Rule>();
  const paths = findIndexPaths(root, { root, errorsEnd, failing, generator: { counter: { generated: NEEDS_START } } });
  const parts = partsOfPartials(root);
  for (const node of eachNode(root)) {
    if (parts.has(node)) continue;
    if (areAlike(node)) for (const rule of node.rules) alike.add(rule);
    if (node.rules.length < 2) continue;
    const generator = { counter: { generated: NEEDS_START } };
    for (const [rule, body] of findNeeds(node, { root, errorsEnd, failing, generator }, paths)) needs.set(rule, body);
  }
  const read = (rule: Resolved.Rule): Resolved.Rule => {
    const needed = withNeeds(rule, needs);
    // Neither calls nor reads come first where nothing asks rules: most rules stay as they are.
    if (!linksOf(rule).some((link) => failing.has(link))) return needed;
    const generator = { counter: { generated: READING_START } };
    const called = callsFirst(needed, { root, errorsEnd, generator });
    const own = paths.size === 0 ? [] : linksOf(rule).map((link) => paths.get(link));
    return readFirst(called, { root, errorsEnd, generator, asksKeys: !alike.has(rule) }, own);
  };
  const reading = modules.map((module) => ({ ...module, rules: module.rules.map(read) }));
  const isSame = reading.every(({ rules }, i) => rules.every((rule, j) => rule === modules[i]?.rules[j]));
  return { ...state, resolved: { modules: reading, root: isSame ? root : makeRuleTree(reading) } };
}

function withNeeds(rule: Resolved.Rule, needs: ReadonlyMap<Resolved.Rule, Resolved.Body>): Resolved.Rule {
  if (needs.size === 0) return rule;
  const own = needs.get(rule);
  const rest = rule.else === undefined ? undefined : withNeeds(rule.else, needs);
  return own === undefined ? { ...rule, else: rest } : { ...rule, else: rest, needs: own };
}

type Ordered = {
  readonly modules: readonly Module[];
  readonly found: readonly Diagnostic[];
  /** Of what was found, variables that template strings do not know. */
  readonly undeclared: readonly Diagnostic[];
};

function orderBodies({ modules, callables }: State): Ordered {
  const found: Diagnostic[] = [];
  const order = (rule: Rule): Rule => orderRule(rule, callables.arity, found, { generated: ORDERING_START });
  const ordered = modules.map((module) => ({ ...module, rules: module.rules.map(order) }));
  return { modules: ordered, found, undeclared: found.filter(({ code }) => code === "rego_compile_error") };
}

/** A variable that a template string does not know is told before anything is said of safety, and alone; heads before bodies. */
function orderModules(state: State, diagnostics: Diagnostic[]): State {
  const heads: Diagnostic[] = [];
  for (const module of state.modules) for (const rule of module.rules) checkHeads(rule, heads);
  const { modules: ordered, found, undeclared } = orderBodies(state);
  diagnostics.push(...([undeclared, heads].find((some) => some.length > 0) ?? found));
  if (hasErrors(diagnostics)) return state;
  const modules = ordered.map(toResolvedModule);
  return { ...state, resolved: { modules, root: makeRuleTree(modules) } };
}

function resolvedOf({ resolved }: State): ResolvedState {
  if (resolved === undefined) throw new Error("what is not in order is not resolved");
  return resolved;
}
