/**
 * The tests of a unit: rules one part of whose constant name begins with `test_`, or with
 * `todo_test_` for those that are not run. Variables in the head make a test of several
 * cases, one for each answer of the expressions that bind them.
 */
import type { Location } from "@regomesh/base";
import { openVariables } from "../plan/readiness.ts";
import { dataName } from "../plan/rule-tree.ts";
import type { Expr, Module, Rule, Term } from "../syntax/ast.ts";

export type TestCase = {
  /** `data.mesh.authz_test.test_x`; a name met before gets `#01`, `#02`. */
  readonly name: string;
  /** Without that number: tests of one name are one document. */
  readonly document: string;
  readonly path: readonly string[];
  readonly package: string;
  readonly rule: Rule;
  readonly isSkipped: boolean;
  /** How many variables the head has: the levels of its cases. */
  readonly levels: number;
};

export function findTests(modules: readonly Module[]): readonly TestCase[] {
  const counts = new Map<string, number>();
  return modules.flatMap((module) =>
    module.rules.flatMap((rule): readonly TestCase[] => {
      const path = constantPath(rule.head.ref);
      const own = path.slice(module.package.path.length);
      if (rule.isDefault || rule.head.args !== undefined || !own.some(isTestName)) return [];
      const document = dataName(path);
      const count = counts.get(document) ?? 0;
      counts.set(document, count + 1);
      const name = count === 0 ? document : `${document}#${String(count).padStart(2, "0")}`;
      const isSkipped = own.some((part) => part.startsWith("todo_test_"));
      const levels = rule.head.ref.length - path.length;
      return [{ name, document, path, package: dataName(module.package.path), rule, isSkipped, levels }];
    }),
  );
}

/** Where the names of a test's cases are planned, beside all that a unit can name. */
const CASES_ROOT = "test cases";

export function casesPath(path: readonly string[]): readonly string[] {
  return [CASES_ROOT, ...path];
}

/** A module whose rules hold for every case that a test of several cases tries. */
export function casesModule(tests: readonly TestCase[]): Module | undefined {
  const [first] = tests;
  if (first === undefined) return undefined;
  const { at } = first.rule;
  return {
    at,
    package: { at, path: [CASES_ROOT] },
    imports: [],
    rules: tests.map(({ rule }) => casesRule(rule)),
    comments: [],
    annotations: [],
  };
}

function casesRule(rule: Rule): Rule {
  const { at } = rule;
  const wanted = new Set<string>();
  for (const term of rule.head.ref) openVariables(term, wanted);
  let length = 0;
  for (const expr of rule.body) {
    if (wanted.size === 0) break;
    for (const name of boundBy(expr)) wanted.delete(name);
    length++;
  }
  const ref: readonly Term[] = [{ kind: "string", value: CASES_ROOT, at }, ...rule.head.ref];
  return {
    at,
    isDefault: false,
    head: { ...rule.head, ref, isSet: false, value: { kind: "boolean", value: true, at } },
    body: rule.body.slice(0, length),
    else: undefined,
  };
}

/** In a resolved body the first expression with a variable binds it, unless it is negated. */
function boundBy({ what, isNegated }: Expr): ReadonlySet<string> {
  const names = new Set<string>();
  if (isNegated) return names;
  switch (what.kind) {
    case "term":
      openVariables(what.term, names);
      break;
    case "call":
      for (const arg of what.args) openVariables(arg, names);
      break;
    case "assign":
    case "unify":
      openVariables(what.left, names);
      openVariables(what.right, names);
      break;
    case "every":
    case "body":
    case "some":
    case "some-in":
      break;
  }
  return names;
}

function isTestName(part: string): boolean {
  return part.startsWith("test_") || part.startsWith("todo_test_");
}

function constantPath(ref: readonly Term[]): readonly string[] {
  const path: string[] = [];
  for (const term of ref) {
    if (term.kind !== "string") break;
    path.push(term.value);
  }
  return path;
}

/** Where people look for a test: its head. */
export function placeOfTest({ rule }: TestCase): Location {
  return rule.head.at;
}
