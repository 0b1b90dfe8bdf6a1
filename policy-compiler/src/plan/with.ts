/** `with`: an expression sees other input, other data or other functions than what stands around it. */
import type { IrOperand, IrStmt } from "../ir/policy.ts";
import type { Ref, Term, With } from "../resolved/ast.ts";
import { callName } from "./call.ts";
import { type DataPath, type Mock, resolveEnvironment } from "./environment.ts";
import { ENVIRONMENTS_MAX, intern, PlanFault } from "./planner.ts";
import { isRoot } from "./readiness.ts";
import { append, local, makeBlock, moveInto, newLocal, planTerm, type Site, toLocal } from "./site.ts";
import { resolveVariable } from "./variables.ts";

/** Plans `inside` under the replacements; what is planned at the site afterwards sees none of them. */
export function planWith(site: Site, modifiers: readonly With[], inside: (site: Site) => void): void {
  const hidden = [...site.environment.hidden];
  const mocks = new Map(site.environment.mocks);
  const passed = new Map(site.passed);
  const documents: Replacement[] = [];
  for (const { target, value } of modifiers) {
    const name = callableName(site, target);
    if (name !== undefined) {
      const mock = mockOf(site, value);
      mocks.set(name, mock);
      passed.delete(name);
      if (mock.kind === "value") passed.set(name, planTerm(site, value));
      continue;
    }
    const path = target.path.map(keyText);
    const isData = rootOf(target) === "data";
    if (isData) hidden.push(path);
    documents.push({
      document: isData ? site.data : site.input,
      path,
      value: local(toLocal(site, planTerm(site, value))),
    });
  }
  const { generations } = site.planner;
  const environment = resolveEnvironment(generations, hidden, mocks);
  if (generations.size > ENVIRONMENTS_MAX) {
    throw new PlanFault("policy_too_large", `with modifiers combine in more than ${ENVIRONMENTS_MAX} ways`, {
      ...(modifiers[0] === undefined ? {} : { at: modifiers[0].at }),
      hint: "nest fewer rules that replace different functions or data",
    });
  }
  planReplaced(site, documents, () => inside({ ...site, environment, passed }));
}

type Replacement = { readonly document: number; readonly path: DataPath; readonly value: IrOperand };

/**
 * Where `inside` has one answer at most, the replacements end with their block. Where it
 * iterates, what follows belongs to the iteration, so there the documents are put back.
 */
function planReplaced(site: Site, documents: readonly Replacement[], inside: () => void): void {
  const changed = [...new Set(documents.map(({ document }) => document))];
  const saved = changed.map((document) => {
    const target = newLocal(site);
    append(site, { type: "AssignVarStmt", stmt: { source: local(document), target } });
    return { document, path: [], value: local(target) };
  });
  const outer = { ...site.cursor };
  for (const replacement of documents) openReplacement(site, replacement);
  const innermost = site.cursor.block;
  inside();
  if (site.cursor.block === innermost) Object.assign(site.cursor, outer);
  else for (const replacement of saved) openReplacement(site, replacement);
}

function openReplacement(site: Site, { document, path, value }: Replacement): void {
  const block = makeBlock();
  const { strings } = site.planner.output;
  const stmt: IrStmt = {
    type: "WithStmt",
    stmt: { local: document, path: path.map((part) => intern(strings, part)), value, block },
  };
  append(site, stmt);
  moveInto(site, block);
}

function mockOf(site: Site, value: Term): Mock {
  const name = value.kind === "ref" || value.kind === "var" ? callableName(site, value) : undefined;
  return name === undefined ? { kind: "value" } : { kind: "callable", name };
}

/** The function or built-in that a target or value names, undefined where it names none. */
function callableName(site: Site, term: Ref | Extract<Term, { kind: "var" }>): string | undefined {
  const head = term.kind === "ref" ? term.head : term;
  const path = term.kind === "ref" ? term.path : [];
  if (head.kind !== "var" || head.name === "input") return undefined;
  if (resolveVariable(site.variables, head.name) !== undefined) return undefined;
  const parts: string[] = [head.name];
  for (const key of path) {
    if (key.kind !== "string") return undefined;
    parts.push(key.value);
  }
  const name = callName(parts);
  if (site.planner.functions.has(name)) return name;
  return !isRoot(head.name) && site.planner.builtins.resolve(name) !== undefined ? name : undefined;
}

function rootOf(target: Ref): string {
  return target.head.kind === "var" ? target.head.name : "";
}

function keyText(term: Term): string {
  switch (term.kind) {
    case "string":
      return term.value;
    case "number":
      return term.text;
    default:
      throw new Error("the planner was given a with target whose path is no constant");
  }
}
