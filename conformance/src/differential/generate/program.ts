/** A whole program from a seed: modules, data, inputs, and what is asked of it. */
import { makeRandom } from "@regomesh/base";
import { drawBody } from "./bodies.ts";
import type { Context, DrawnFunction, DrawnRule } from "./context.ts";
import { drawDocument, drawObjectShape } from "./documents.ts";
import { makeDraw } from "./draw.ts";
import { drawFunction, drawRule } from "./rules.ts";

export type Program = {
  readonly seed: number;
  /** Of Rego, v1 where absent. */
  readonly version?: "v0" | "v1";
  readonly modules: readonly { readonly name: string; readonly text: string }[];
  /** JSON texts; an input that is undefined is Rego's undefined. */
  readonly data: string;
  readonly inputs: readonly (string | undefined)[];
  /** `data.p.r1` */
  readonly entrypoints: readonly string[];
};

/** What `with count as data.lib.replaced` puts in place of a built-in. */
export const LIBRARY = "package lib\n\nreplaced(x) := 3 if is_array(x)\n\nreplaced(x) := 4 if not is_array(x)\n";

export type ProgramOptions = { readonly inputs: number };

export function drawProgram(seed: number, { inputs }: ProgramOptions): Program {
  const draw = makeDraw(makeRandom(seed));
  const [input, data] = [drawObjectShape(draw, 3), drawObjectShape(draw, 3)];
  const rules: DrawnRule[] = [];
  const functions: DrawnFunction[] = [];
  const context: Context = { draw, input, data, rules, functions, names: { next: 1 }, makeBody: drawBody };
  const packages = [
    { path: "q", texts: [] as string[] },
    { path: "p", texts: [] as string[] },
  ] as const;
  const [first, second] = packages;
  const count = 2 + draw.below(5);
  for (let i = 0; i < count; i++) {
    const into = i < count / 3 ? first : second;
    if (draw.chance(0.3)) {
      const { text, made } = drawFunction(context, `f${i}`);
      into.texts.push(text);
      functions.push({ ...made, name: `data.${into.path}.f${i}` });
    }
    const { text, made } = drawRule(context, `data.${into.path}`, `r${i}`);
    into.texts.push(text);
    rules.push(made);
  }
  const modules = packages
    .filter(({ texts }) => texts.length > 0)
    .map(({ path, texts }) => ({ name: `${path}.rego`, text: `package ${path}\n\n${texts.join("\n\n")}\n` }));
  return {
    seed,
    modules: [...modules, { name: "lib.rego", text: LIBRARY }],
    data: `{"d": ${drawDocument(draw, data)}}`,
    inputs: Array.from({ length: inputs }, () => (draw.chance(0.03) ? undefined : drawDocument(draw, input))),
    entrypoints: [...rules.map(({ ref }) => ref), ...modules.map(({ name }) => `data.${name.replace(".rego", "")}`)],
  };
}
