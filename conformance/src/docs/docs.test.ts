/** Every example of the documentation is what it says: policies compile and answer so, resources are read, commands exist. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { isDeepStrictEqual, parseArgs } from "node:util";
import { printDiagnostic } from "@regomesh/base";
import { COMMANDS } from "@regomesh/cli";
import { checkOffered, checkUnit, compileQuery, type JsonObject, parseJson } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { openEvaluator } from "@regomesh/policy-runtime";
import { makeBuiltinLoader } from "@regomesh/policy-runtime/node";
import { readYaml } from "@regomesh/policy-runtime/yaml";
import { parseResources } from "@regomesh/resources";
import { describe, expect, test } from "vitest";
import { type Block, parseBlocks } from "./blocks.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const pages = ["README.md", ...readdirSync(join(ROOT, "docs")).map((name) => `docs/${name}`)].filter((name) =>
  name.endsWith(".md"),
);
const runtime = await loadRuntime();
const builtins = await makeBuiltinLoader({ nowMs: () => 0 })();

describe.each(pages)("%s", (page) => {
  const text = readFileSync(join(ROOT, page), "utf8");
  const blocks = parseBlocks(text);

  test("policies compile, for a proxy, and answer as they say", () => {
    const context: Context = { module: undefined, input: undefined, data: {} };
    const wrong = blocks.flatMap((block) =>
      checkPolicy(block, context).map((fault) => `${page}:${block.line}: ${fault}`),
    );
    expect(wrong).toEqual([]);
  });

  test("resources are read without a fault", () => {
    const resources = blocks.filter(
      ({ info, text: yaml }) => info.split(" ")[0] === "yaml" && yaml.includes("apiVersion: regomesh.dev"),
    );
    const wrong = resources.flatMap(({ text: yaml, line }) =>
      parseResources({ name: `${page}:${line}`, text: yaml }).diagnostics.map(printDiagnostic),
    );
    expect(wrong).toEqual([]);
  });

  test("commands and their flags exist", async () => {
    const lines = blocks
      .filter(({ info }) => /^(sh|console|bash|)$/.test(info))
      .flatMap(({ text: shell, line }) => joinLines(shell).map((command) => ({ command, line })));
    const wrong: string[] = [];
    for (const { command, line } of lines) {
      const fault = await checkCommand(command);
      if (fault !== undefined) wrong.push(`${page}:${line}: ${fault}`);
    }
    expect(wrong).toEqual([]);
  });

  test("links lead to what is there", () => {
    const targets = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = ""]) => target);
    const missing = targets.filter((target) => !existsSync(join(ROOT, dirname(page), target)));
    expect(missing).toEqual([]);
  });
});

test("what deploy/ starts exists, with its flags", async () => {
  const folder = join(ROOT, "deploy/systemd");
  const lines = readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), "utf8")
      .split("\n")
      .flatMap((line) => /^ExecStart=\/usr\/bin\/env (regomesh .+)$/.exec(line)?.[1] ?? []),
  );
  const compose = readYaml(readFileSync(join(ROOT, "deploy/compose/compose.yaml"), "utf8"));
  if ("fault" in compose) throw new Error(compose.fault);
  const started = Object.values((compose.value as Compose).services)
    .filter(({ image }) => image.startsWith("regomesh-"))
    .map(({ command }) => ["regomesh", ...command].join(" "));
  const faults = await Promise.all([...lines, ...started].map(checkCommand));
  expect([lines.length, started.length, faults.filter((fault) => fault !== undefined)]).toEqual([2, 2, []]);
});

type Compose = {
  readonly services: Readonly<Record<string, { readonly image: string; readonly command: readonly string[] }>>;
};

type Context = { module: string | undefined; input: string | undefined; data: JsonObject };

function checkPolicy({ info, text }: Block, context: Context): readonly string[] {
  const [language, note = ""] = info.split(" ");
  if (language === "rego" && note === "fragment") return [];
  if (language === "rego") {
    Object.assign(context, { module: text, input: undefined, data: {} });
    const isTest = /^package \S+_test$/m.test(text);
    if (isTest) return [];
    const unit = { name: "docs", modules: [{ name: "example.rego", text }], data: {} };
    return [...checkUnit(unit), ...checkOffered(unit)]
      .filter(({ severity }) => severity === "error")
      .map(printDiagnostic);
  }
  if (language !== "json") return [];
  if (note === "input") context.input = text;
  else if (note === "data") context.data = parseJson(text) as JsonObject;
  else if (note.startsWith("data.")) return answerOf(note, text, context);
  else parseJson(text);
  return [];
}

function answerOf(ref: string, want: string, { module = "", input, data }: Context): readonly string[] {
  const { module: built, diagnostics } = compileQuery({
    modules: [{ name: "example.rego", text: module }],
    query: { name: "query", text: `value := ${ref}` },
    data,
    runtime,
  });
  if (built === undefined) return diagnostics.map(printDiagnostic);
  const given = openEvaluator({ wasm: built.wasm, data: built.data, hostBuiltins: builtins }).evaluate("eval", input);
  if (given.kind === "fault") return [given.message];
  const [answer] = parseJson(given.text) as readonly { readonly value: unknown }[];
  const wanted = want.trim() === "undefined" ? undefined : parseJson(want);
  const got = answer?.value;
  return isDeepStrictEqual(got, wanted) ? [] : [`${ref} is ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`];
}

/** Lines of a shell, a line that ends with a backslash together with the next; comments left out. */
function joinLines(shell: string): readonly string[] {
  return shell
    .replaceAll(/\\\n\s*/g, " ")
    .split("\n")
    .map((line) =>
      line
        .replace(/^\$ /, "")
        .replace(/(^|\s)#.*$/, "")
        .trim(),
    )
    .filter((line) => line !== "");
}

/** Undefined where it is none of ours, or parses. */
async function checkCommand(line: string): Promise<string | undefined> {
  const [, rest] = /^(?:\w+=\S+ )*(?:npx )?regomesh (.*)$/.exec(line) ?? [];
  if (rest === undefined) return undefined;
  const ours = rest.replaceAll(/\$\((?:[^()]|\([^()]*\))*\)/g, "VALUE").split(/ (?:[|&>]|2>)/)[0] ?? "";
  const words = ours.match(/'[^']*'|"[^"]*"|\S+/g) ?? [];
  const [name = "", ...args] = words;
  if (name.startsWith("-")) return undefined;
  const row = COMMANDS.find((command) => command.name === name);
  if (row === undefined) return `there is no command ${name}`;
  const { flags } = await row.load();
  try {
    parseArgs({ args, options: flags, allowPositionals: true });
    return undefined;
  } catch (error) {
    return `${line}: ${(error as Error).message}`;
  }
}
