/**
 * The tests of a unit: rules one part of whose constant name begins with `test_`, or with
 * `todo_test_` for those that are not run. What stands behind that part in the head makes a test
 * of several cases, one for each answer of the expressions that bind its variables.
 *
 * Each rule is a test, as in OPA: rules of one name are no alternatives of one document, and a
 * default is a rule of its own. So before anything looks at the modules, the second rule of a name
 * gets the name `test_x#01`; whatever refers to `test_x` means the first.
 */
import type { Location } from "@regomesh/base";
import { openVariables } from "../plan/readiness.ts";
import type * as Resolved from "../resolved/ast.ts";
import { constantPath, dataName } from "../resolved/rule-tree.ts";
import type { Module, Rule, Term } from "../syntax/ast.ts";

export type TestCase = {
  /** `data.mesh.authz_test.test_x`, `…test_x#01`; also its document's name. */
  readonly name: string;
  readonly path: readonly string[];
  readonly package: string;
  readonly rule: Resolved.Rule;
  readonly isSkipped: boolean;
  /** A function has no value of its own to be true. */
  readonly isFunction: boolean;
  /** How many parts of the head name its cases. */
  readonly levels: number;
};

/** Parsed modules with a name of its own for each test. */
export function separateTests(modules: readonly Module[]): readonly Module[] {
  const counts = new Map<string, number>();
  return modules.map((module) => ({ ...module, rules: module.rules.map((rule) => separate(module, rule, counts)) }));
}

function separate(module: Module, rule: Rule, counts: Map<string, number>): Rule {
  const names = constantPath(rule.head.ref);
  const place = names.findIndex(isTestName);
  const name = names[place];
  if (name === undefined || !name.startsWith(TEST)) return rule;
  const key = JSON.stringify([...module.package.path, ...names.slice(0, place + 1)]);
  const count = counts.get(key) ?? 0;
  counts.set(key, count + 1);
  if (count === 0) return rule;
  const value = `${name}#${String(count).padStart(2, "0")}`;
  const ref = rule.head.ref.with(place, { kind: "string", at: (rule.head.ref[place] as Term).at, value });
  return rename(rule, ref);
}

function rename(rule: Rule, ref: readonly Term[]): Rule {
  const next = rule.else === undefined ? undefined : rename(rule.else, ref);
  return { ...rule, head: { ...rule.head, ref }, else: next };
}

/** The tests of resolved modules. */
export function findTests(modules: readonly Resolved.Module[]): readonly TestCase[] {
  return modules.flatMap((module) =>
    module.rules.flatMap((rule): readonly TestCase[] => {
      const constant = constantPath(rule.head.ref);
      const own = constant.slice(module.package.path.length);
      const place = own.findIndex(isTestName);
      const name = own[place];
      if (name === undefined) return [];
      const path = constant.slice(0, module.package.path.length + place + 1);
      const names = own.slice(0, place).map((part) => `.${part}`);
      return [
        {
          name: `${dataName(module.package.path)}${names.join("")}.${name}`,
          path,
          package: dataName(module.package.path),
          rule,
          isSkipped: name.startsWith(TODO),
          isFunction: rule.head.args !== undefined,
          levels: levelsOf(rule, rule.head.ref.slice(path.length), own),
        },
      ];
    }),
  );
}

/** Only variables behind the name make cases, and, as OPA has it, the one constant of `test_x.case := true`. */
function levelsOf({ head, body }: Rule, tail: readonly Term[], own: readonly string[]): number {
  if (head.isSet || head.args !== undefined) return 0;
  if (tail.some(({ kind }) => kind === "var")) return tail.length;
  const hasNoBody = body.length === 1 && body[0]?.at === head.at;
  return tail.length === 1 && own.length <= 2 && hasNoBody ? 1 : 0;
}

/** Where the names of a test's cases are planned, beside all that a unit can name. */
const CASES_ROOT = "test cases";

export function casesPath(path: readonly string[]): readonly string[] {
  return [CASES_ROOT, ...path];
}

/** A module whose rules hold for every case that a test of several cases tries. */
export function casesModule(tests: readonly TestCase[]): Resolved.Module | undefined {
  const [first] = tests;
  if (first === undefined) return undefined;
  const { at } = first.rule;
  return {
    at,
    isV1: true,
    package: { at, path: [CASES_ROOT] },
    imports: [],
    rules: tests.map(({ rule }) => casesRule(rule)),
    comments: [],
    annotations: [],
  };
}

function casesRule(rule: Resolved.Rule): Resolved.Rule {
  const { at } = rule;
  const wanted = new Set<string>();
  for (const term of rule.head.ref) openVariables(term, wanted);
  let length = 0;
  for (const expr of rule.body) {
    if (wanted.size === 0) break;
    for (const name of boundBy(expr)) wanted.delete(name);
    length++;
  }
  const ref: readonly Resolved.Term[] = [{ kind: "string", value: CASES_ROOT, at }, ...rule.head.ref];
  return {
    at,
    isDefault: false,
    head: { ...rule.head, ref, isSet: false, value: { kind: "boolean", value: true, at } },
    body: rule.body.slice(0, length),
    else: undefined,
  };
}

/** In a resolved body the first expression with a variable binds it, unless it is negated. */
function boundBy({ what, isNegated }: Resolved.Expr): ReadonlySet<string> {
  const names = new Set<string>();
  if (isNegated) return names;
  switch (what.kind) {
    case "term":
      openVariables(what.term, names);
      break;
    case "call":
      for (const arg of what.args) openVariables(arg, names);
      break;
    case "unify":
      openVariables(what.left, names);
      openVariables(what.right, names);
      break;
    case "every":
    case "body":
      break;
  }
  return names;
}

const TEST = "test_";
const TODO = "todo_test_";

function isTestName(part: string): boolean {
  return part.startsWith(TEST) || part.startsWith(TODO);
}

/** Where people look for a test: its head. */
export function placeOfTest({ rule }: TestCase): Location {
  return rule.head.at;
}
