/**
 * Programs of the words that the first shape leaves out: v0 and v2, imports and their aliases, `and`, `or` and bodies
 * behind `not`, patterns in declarations, memberships with keys, results as a last argument, references into what is
 * made on the spot, documents by a variable, operators without parentheses, `print`, annotations, keywords in paths,
 * packages and base data beneath each other.
 */
import { makeRandom } from "@regomesh/base";
import { drawBody } from "./bodies.ts";
import type { Context, DrawnBody, DrawnFunction, DrawnRule, Local, Scope } from "./context.ts";
import { drawDocument, drawObjectShape } from "./documents.ts";
import { type Draw, makeDraw } from "./draw.ts";
import { LIBRARY, type Program, type ProgramOptions } from "./program.ts";
import { drawFunction, drawRule } from "./rules.ts";
import { drawWordsLine } from "./words-lines.ts";

type Dialect = {
  readonly version: "v0" | "v1";
  readonly imports: readonly string[];
  /** Heads and bodies as v0 has them: no `if`, no `contains`. */
  readonly isPlain: boolean;
  readonly isLogical: boolean;
};

function drawDialect(draw: Draw): Dialect {
  const of = (version: "v0" | "v1", imports: readonly string[], more: Partial<Dialect> = {}): Dialect => ({
    version,
    imports,
    isPlain: false,
    isLogical: false,
    ...more,
  });
  return draw.weighted<Dialect>([
    [3, () => of("v1", [])],
    [1, () => of("v1", ["rego.v1"])],
    [3, () => of("v1", ["rego.v2"], { isLogical: true })],
    [1, () => of("v1", ["future.keywords.and", "future.keywords.or", "future.keywords.not"], { isLogical: true })],
    [1, () => of("v0", ["future.keywords"], { isLogical: true })],
    [1, () => of("v0", ["rego.v1"])],
    [1, () => of("v0", ["rego.v2"], { isLogical: true })],
    [3, () => of("v0", ["future.keywords.in", "future.keywords.every", "future.keywords.contains"], { isPlain: true })],
  ]);
}

type Drawing = { readonly path: string; readonly texts: string[]; readonly aliases: Map<string, string> };

const PATHS = [
  ["p", "q"],
  ["p.q", "p"],
  ["p", "p.sub"],
  ["q.in", "p.contains"],
  ["a.b", "a"],
] as const;

export function drawWordsProgram(seed: number, options: ProgramOptions): Program {
  const draw = makeDraw(makeRandom(seed));
  let program = drawOnce(draw, seed, options);
  // v0 has no template strings: most programs would be refused for them alone.
  while (program.version === "v0" && draw.chance(0.95) && program.modules.some(({ text }) => text.includes('$"')))
    program = drawOnce(draw, seed, options);
  return program;
}

function drawOnce(draw: Draw, seed: number, { inputs }: ProgramOptions): Program {
  const [input, data] = [drawObjectShape(draw, 3), drawObjectShape(draw, 3)];
  const dialect = drawDialect(draw);
  const rules: DrawnRule[] = [];
  const functions: DrawnFunction[] = [];
  const makeBody = (context: Context, scope: Scope, depth: number): DrawnBody =>
    drawMixedBody(context, scope, depth, dialect.isLogical);
  const context: Context = { draw, input, data, rules, functions, names: { next: 1 }, makeBody };
  const packages = draw.pick(PATHS).map((path): Drawing => ({ path, texts: [], aliases: new Map() }));
  const [first, second] = packages as unknown as readonly [Drawing, Drawing];
  const count = 2 + draw.below(5);
  for (let i = 0; i < count; i++) {
    const into = i < count / 2 ? first : second;
    if (draw.chance(0.3)) {
      const { text, made } = drawFunction(context, `f${i}`);
      into.texts.push(drawAnnotation(draw) + text);
      functions.push({ ...made, name: `data.${into.path}.f${i}` });
    }
    const { text, made } = drawRule(context, `data.${into.path}`, `r${i}`);
    into.texts.push(drawAnnotation(draw) + text);
    rules.push(made);
  }
  const modules = packages
    .filter(({ texts }) => texts.length > 0)
    .map((drawing, i) => ({ name: `m${i}.rego`, text: printModule(context, drawing, dialect) }));
  const library = dialect.version === "v0" ? LIBRARY_V0 : LIBRARY;
  return {
    seed,
    version: dialect.version,
    modules: [...modules, { name: "lib.rego", text: library }],
    data: drawData(context, packages),
    inputs: Array.from({ length: inputs }, () => (draw.chance(0.03) ? undefined : drawDocument(draw, input))),
    entrypoints: [...rules.map(({ ref }) => ref), ...packages.map(({ path }) => `data.${path}`)],
  };
}

const LIBRARY_V0 = "package lib\n\nreplaced(x) = 3 { is_array(x) }\n\nreplaced(x) = 4 { not is_array(x) }\n";

/** Base documents stand below packages now and then, beside their rules. */
function drawData({ draw, data }: Context, packages: readonly Drawing[]): string {
  const base = `"d": ${drawDocument(draw, data)}`;
  const [below] = packages.map(({ path }) => path.split(".")[0]);
  return draw.chance(0.3) ? `{${base}, ${JSON.stringify(below)}: {"base": ${drawDocument(draw, data)}}}` : `{${base}}`;
}

function drawMixedBody(context: Context, scope: Scope, depth: number, isLogical: boolean): DrawnBody {
  const body = drawBody(context, scope, depth);
  if (context.draw.chance(0.35)) return body;
  let known: Scope = body.scope;
  // Behind the better `not` braces are a body, never a term.
  const isTerm = (text: string): boolean => isLogical && /^not \{/.test(text) && context.draw.chance(0.9);
  const lines = body.lines.map((text) => (isTerm(text) ? `not (${text.slice("not ".length)})` : text));
  for (const _ of Array.from({ length: 1 + context.draw.below(2) })) {
    const line = drawWordsLine(context, known, Math.max(depth, 0), isLogical);
    lines.push(line.text);
    known = [...known, ...line.binds];
  }
  const asked = drawAsked(context, known, scope);
  return { lines: asked === undefined ? lines : [...lines, asked], scope: known };
}

/** Something of what the body binds is asked, so that it is not all for nothing. */
function drawAsked({ draw }: Context, known: Scope, before: Scope): string | undefined {
  const own = known.slice(before.length);
  return own.length > 0 && draw.chance(0.2) ? `${(draw.pick(own) as Local).name} != "never"` : undefined;
}

function drawAnnotation(draw: Draw): string {
  if (!draw.chance(0.15)) return "";
  const scope = draw.pick(["", "# scope: document\n", "# scope: rule\n"]);
  const fields = draw.pick(["# title: T\n", "# custom:\n#   a: [1, b]\n", "# description: D\n# authors:\n# - x\n"]);
  return `# METADATA\n${scope}${fields}`;
}

function printModule(context: Context, { path, texts }: Drawing, dialect: Dialect): string {
  const { draw } = context;
  const imports = dialect.imports.map((name) => `import ${name}`);
  let body = texts.join("\n\n");
  const alias = (from: string, name: string): void => {
    if (!draw.chance(0.35)) return;
    const escaped = from.replaceAll(".", "\\.");
    const named = body.replace(new RegExp(`(?<!with )\\b${escaped}\\b(?=[.\\[])`, "g"), name);
    if (named === body) return;
    body = named;
    imports.push(`import ${from}${from.endsWith(`.${name}`) ? "" : ` as ${name}`}`);
  };
  for (const other of new Set(context.rules.map(({ ref }) => ref.split(".").slice(0, -1).join(".")))) {
    if (other !== `data.${path}` && !/\.(?:in|contains)$/.test(other)) alias(other, draw.pick(["lib", "other"]));
  }
  alias("data.d", "d");
  const [member] = Object.keys(context.input.kind === "object" ? context.input.members : {});
  if (member !== undefined && /^[a-z]\w*$/.test(member)) alias(`input.${member}`, draw.pick([member, "own"]));
  if (dialect.isPlain) body = toPlain(body);
  const annotation = draw.chance(0.1) ? "# METADATA\n# scope: package\n# title: P\n" : "";
  const head = draw.chance(0.1) ? "# METADATA\n# scope: subpackages\n# organizations: [o]\n" : annotation;
  return `${head}package ${path}\n\n${imports.map((each) => `${each}\n`).join("")}\n${body}\n`;
}

/** As v0 has it: bodies without `if`, sets by their members in brackets. */
function toPlain(text: string): string {
  return text
    .replace(/^(\w+) contains (.*) if \{$/gm, "$1[$2] {")
    .replace(/ if \{$/gm, " {")
    .replace(/^(\w+(?:\(.*\))?) := /gm, "$1 = ")
    .replace(/\} else := /g, "} else = ");
}
