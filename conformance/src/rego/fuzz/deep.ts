/** Terms, bodies and lists inside one another, to fifty and a million levels: each is a module or a diagnostic. */
import type { RegoVersion } from "@regomesh/policy-compiler";

export type Deep = { readonly version?: RegoVersion; readonly make: (levels: number) => string };

/** Fifty are below all limits, and without end where work doubles with each; a million are refused before they take much; ten thousand are more than the stack of most programs holds. */
export const LEVELS: readonly number[] = [50, 1_000, 10_000, 100_000, 1_000_000];

const value = (make: (levels: number) => string): Deep => ({ make: (levels) => `package t\n\np := ${make(levels)}\n` });
const body = (make: (levels: number) => string): Deep => ({
  make: (levels) => `package t\n\np if {\n\t${make(levels)}\n}\n`,
});
const nested = (open: string, close: string, inner = "1"): Deep =>
  value((levels) => open.repeat(levels) + inner + close.repeat(levels));

export const DEEP: Readonly<Record<string, Deep>> = {
  arrays: nested("[", "]"),
  sets: nested("{", "}"),
  "sets of two": nested("{1, ", "}", "0"),
  objects: nested('{"a": ', "}"),
  "objects as keys": nested("{", ": 1}"),
  "objects as one of two keys": nested("{", ": 1, 2: 3}"),
  parentheses: nested("(", ")"),
  calls: nested("abs(", ")"),
  "references in brackets": nested("input[", "]"),
  "brackets in a row": value((levels) => `input${"[_]".repeat(levels)}`),
  "names in a row": value((levels) => `input${".a".repeat(levels)}`),
  "calls in a row": value((levels) => `f${"()".repeat(levels)}`),
  minus: value((levels) => `${"-".repeat(levels)}input.x`),
  sums: value((levels) => `1${" + input.x".repeat(levels)}`),
  unions: value((levels) => `{1}${" | {1}".repeat(levels)}`),
  "unions in sets": nested("{1 | ", "}"),
  "unions in sets of two": value((levels) => `${"{1 | ".repeat(levels)}2${", 3}".repeat(levels)}`),
  "objects with a key that stands twice": nested('{"a": 1, "a": ', "}"),
  "array comprehensions": nested("[x | x := ", "]"),
  "object comprehensions": nested("{x: x | x := ", "}"),
  "template strings": nested('$"{', '}"'),
  "values of a template string": value((levels) => `$"${"{input.x}".repeat(levels)}"`),
  not: body((levels) => `${"not ".repeat(levels)}input.x`),
  "not of bodies": { version: "v2", ...body((levels) => `${"not { ".repeat(levels)}input.x${" }".repeat(levels)}`) },
  and: { version: "v2", ...body((levels) => `input.x${" and input.y".repeat(levels)}`) },
  or: { version: "v2", ...body((levels) => `input.x${" or input.y".repeat(levels)}`) },
  with: body((levels) => `input.x${" with input.x as 1".repeat(levels)}`),
  "groups of v2": { version: "v2", ...body((n) => `${"(".repeat(n)}input.x or input.y${")".repeat(n)}`) },
  "groups of v2 that never close": { version: "v2", ...body((n) => `${"(".repeat(n)}input.x or input.y`) },
  "parentheses of v2": { version: "v2", ...body((n) => `${"(".repeat(n)}input.x${")".repeat(n)}`) },
  "sets of v2": { version: "v2", ...body((n) => `1 in ${"{".repeat(n)}1${"}".repeat(n)}`) },
  "braces of v2": { version: "v2", ...body((n) => `${"{".repeat(n)}1${"}".repeat(n)} == input.x`) },
  "braces of v2 that never close": { version: "v2", ...body((n) => `${"{".repeat(n)}1`) },
  "negated groups of v2": { version: "v2", ...body((n) => `${"not (".repeat(n)}input.x or input.y${")".repeat(n)}`) },
  "negated bodies as operands": {
    version: "v2",
    ...body((n) => `${"not {".repeat(n)}input.x${"} or input.y".repeat(n)}`),
  },
  "bodies as operands": { version: "v2", ...body((n) => `${"{ ".repeat(n)}input.x${" } or input.y".repeat(n)}`) },
  "variables of some": body((levels) => `some x${", y".repeat(levels)}\n\ttrue`),
  "memberships of some": body((levels) => `some x in input${" in input".repeat(levels)}`),
  every: body((levels) => `${"every x in input { ".repeat(levels)}x${" }".repeat(levels)}`),
  memberships: value((levels) => `1${" in input".repeat(levels)}`),
  "else links": { make: (levels) => `package t\n\np := 0 if input.x${" else := 1 if input.y".repeat(levels)}\n` },
  "else links of v0": {
    version: "v0",
    make: (n) => `package t\n\np = 0 { input.x }${" else = 1 { input.y }".repeat(n)}\n`,
  },
  "bodies of v0": { version: "v0", make: (levels) => `package t\n\np { true }${" { true }".repeat(levels)}\n` },
  "names of a head": { make: (levels) => `package t\n\np${".a".repeat(levels)} := 1\n` },
  "names of a package": { make: (levels) => `package t${".a".repeat(levels)}\n\np := 1\n` },
  "patterns of an argument": { make: (n) => `package t\n\nf(${"[".repeat(n)}x${"]".repeat(n)}) := 1\n` },
  "lists of an annotation": {
    make: (n) => `# METADATA\n# custom:\n#   a: ${"[".repeat(n)}1${"]".repeat(n)}\npackage t\n\np := 1\n`,
  },
  "maps of an annotation": {
    make: (n) => `# METADATA\n# custom:\n#   a: ${"{a: ".repeat(n)}1${"}".repeat(n)}\npackage t\n\np := 1\n`,
  },
  "lists of an annotation that never close": {
    make: (n) => `# METADATA\n# custom:\n#   a: ${"[".repeat(n)}\npackage t\n\np := 1\n`,
  },
  "brackets of a body that never close": { make: (levels) => `package t\n\np if {${"[{(".repeat(levels)}` },
  "brackets that never close": value((levels) => "[{(".repeat(levels)),
  lines: body((levels) => "true\n\t".repeat(levels)),
};
