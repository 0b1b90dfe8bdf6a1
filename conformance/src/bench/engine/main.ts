/** `npm run bench:engine`: one decision on every engine that can be had here, on the same policies and requests. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type Engine, figureOf } from "./engine.ts";
import { cedarAndCel, opaGo, regorus } from "./external.ts";
import { opaWasm } from "./opa-wasm.ts";
import { OURS_FAST, OURS_SDK } from "./ours.ts";
import {
  claimsPolicy,
  type EnginePolicy,
  SHAPE_NAMES,
  shapePolicy,
  sharedPolicies,
  simplePolicy,
  tuplesPolicy,
} from "./policies.ts";
import { printChart, printTable, printTogether, type Row } from "./print.ts";
import { timeTogether } from "./together.ts";
import { writeEngines } from "./write.ts";

const USAGE = `npm run bench:engine -- [--opa PATH] [--only RE] [--svg FILE] [--write]

  --opa PATH   OPA's binary, for its WebAssembly (default: opa on the path)
  --only RE    policies whose name matches
  --svg FILE   writes the chart of growing numbers of rules
  --write      puts tables and chart into docs/performance.md and docs/engines.svg

What cannot be had (Go, cargo, opa, their registries) is left out, with a line that says so. Exit code 1 where
an engine's decision is not the one wanted.`;

const SIZES = [10, 100, 1000, 10_000];
const TUPLES = [10, 100_000];

export function main(args: readonly string[]): number {
  const options = {
    opa: { type: "string", default: "opa" },
    only: { type: "string", default: "" },
    svg: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const engines = findEngines(values.opa);
  const only = new RegExp(values.only);
  const rows: Row[] = [];
  for (const make of policies()) {
    const policy = only.test(make.name) ? make.policy() : undefined;
    if (policy === undefined) continue;
    const row: Row = { policy: policy.name, figures: engines.map((engine) => timeOne(engine, policy)) };
    rows.push(row);
    console.error(printTable(engines, [row]).split("\n").at(-1));
  }
  const together = only.test("together") ? timeTogether(shapePolicy("equality", 10), shapePolicy("prefix", 10)) : [];
  const tables = [printTable(engines, rows), ...(together.length === 0 ? [] : [printTogether(together)])].join("\n\n");
  console.log(tables);
  const chart = printChart(engines, rows, SHAPE_NAMES[0] ?? "", SIZES);
  if (values.svg !== undefined) {
    mkdirSync(join(values.svg, ".."), { recursive: true });
    writeFileSync(values.svg, chart);
  }
  if (values.write) writeEngines(tables, chart);
  return rows.some(({ figures }) => figures.some((figure) => (figure?.wrong ?? 0) > 0)) ? 1 : 0;
}

function timeOne(engine: Engine, policy: EnginePolicy): Row["figures"][number] {
  const timing = engine.time(policy);
  return timing === undefined ? undefined : figureOf(timing, policy);
}

function findEngines(binary: string): readonly Engine[] {
  const found: Engine[] = [OURS_FAST, OURS_SDK, opaWasm(binary)];
  for (const open of [() => [opaGo()], regorus, cedarAndCel]) {
    try {
      found.push(...open());
    } catch (error) {
      console.error(`left out: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  return found;
}

type Made = { readonly name: string; readonly policy: () => EnginePolicy };

function policies(): readonly Made[] {
  const folder = join(process.env["REGOMESH_SHARED"] ?? join(import.meta.dirname, "../../../../../shared"), "bench");
  const shared = existsSync(folder) ? sharedPolicies(folder) : [];
  if (shared.length === 0) console.error(`left out: rbac and roles, for want of outside data (REGOMESH_SHARED)`);
  const shapes = SHAPE_NAMES.flatMap((name) =>
    SIZES.map((rules): Made => ({ name: `${name} ${rules}`, policy: () => shapePolicy(name, rules) })),
  );
  const tuples = TUPLES.map((number): Made => ({ name: `tuples ${number}`, policy: () => tuplesPolicy(number) }));
  const known = [simplePolicy(), ...shared, claimsPolicy()].map(
    (policy): Made => ({ name: policy.name, policy: () => policy }),
  );
  return [...known, ...tuples, ...shapes];
}
