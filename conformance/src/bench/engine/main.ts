/** `npm run bench:engine`: one decision on every engine that can be had here, on the same policies and requests. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PASS_NAMES, type PassName } from "@regomesh/policy-compiler";
import { patternOf } from "../../command-line.ts";
import { BAR_NAMES, measureBars, printBars } from "./bars/bars.ts";
import { COLLECTION_NAMES, collectionPolicy } from "./collections.ts";
import { type Engine, figureOf } from "./engine.ts";
import { cedarAndCel, opaGo, regorus, sapl } from "./external.ts";
import { opaWasm } from "./opa-wasm.ts";
import { OURS_FAST, OURS_SDK, oursWithout } from "./ours.ts";
import {
  claimsPolicy,
  type EnginePolicy,
  SHAPE_NAMES,
  shapePolicy,
  sharedPolicies,
  simplePolicy,
  tuplesPolicy,
} from "./policies.ts";
import { printChart, printGiven, printTable, type Row } from "./print.ts";
import { writeEngines } from "./write.ts";

export const USAGE = `npm run bench:engine -- [--opa PATH] [--only RE] [--bars] [--passes] [--check] [--svg FILE] [--write]

  --opa PATH   OPA's binary, for its WebAssembly (default: opa on the path)
  --only RE    policies and bars whose name matches; bars are called ${BAR_NAMES.map((name) => `"bar ${name}"`).join(", ")}
  --bars       our own bars alone, no other engine
  --passes     our own engine alone, with all passes of the compiler and without each of those that it can do without
  --check      exit code 1 where a bar is missed
  --svg FILE   writes the chart of growing numbers of rules
  --write      puts tables and chart into docs/performance.md and docs/engines.svg

What cannot be had (Go, cargo, Maven, opa, their registries) is left out, with a line that says so. Exit code 1 where
an engine's decision is not the one wanted.`;

const SIZES = [10, 100, 1000, 10_000];
const TUPLES = [10, 100_000];

export async function main(args: readonly string[]): Promise<number> {
  const options = {
    opa: { type: "string", default: "opa" },
    only: { type: "string", default: "" },
    bars: { type: "boolean", default: false },
    passes: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    svg: { type: "string" },
    write: { type: "boolean", default: false },
  } as const;
  const { values } = parseArgs({ args: [...args], options });
  const only = patternOf(values.only, "only");
  const shared = knownPolicies();
  const engines = values.passes ? passEngines() : values.bars ? [] : findEngines(values.opa);
  const rows = engines.length === 0 ? [] : timeAll(engines, policies(shared), only);
  const names = values.passes ? [] : BAR_NAMES.filter((name) => only.test(`bar ${name}`));
  const bars = await measureBars(names, shared, (seen) => console.error(printBars(seen)));
  const tables = [
    ...(rows.length === 0 ? [] : [printGiven(engines), printTable(engines, rows)]),
    ...(bars.length === 0 ? [] : [printBars(bars)]),
  ].join("\n\n");
  console.log(tables);
  const chart = printChart(engines, rows, SHAPE_NAMES[0] ?? "", SIZES);
  if (values.svg !== undefined) {
    mkdirSync(join(values.svg, ".."), { recursive: true });
    writeFileSync(values.svg, chart);
  }
  if (values.write) writeEngines(tables, chart);
  const isWrong = rows.some(({ figures }) => figures.some((figure) => (figure?.wrong ?? 0) > 0));
  return isWrong || (values.check && bars.some(({ isMet }) => !isMet)) ? 1 : 0;
}

function timeAll(engines: readonly Engine[], all: readonly Made[], only: RegExp): readonly Row[] {
  const rows: Row[] = [];
  for (const make of all) {
    if (!only.test(make.name)) continue;
    const policy = make.policy();
    const row: Row = { policy: policy.name, figures: engines.map((engine) => timeOne(engine, policy)) };
    rows.push(row);
    console.error(printTable(engines, [row]).split("\n").at(-1));
  }
  return rows;
}

function timeOne(engine: Engine, policy: EnginePolicy): Row["figures"][number] {
  const timing = engine.time(policy);
  return timing === undefined ? undefined : figureOf(timing, policy);
}

/** Without slots a module reads all of input, of which the fast path has none. */
const NEEDED: PassName = "input-slots";

function passEngines(): readonly Engine[] {
  const names = PASS_NAMES.filter((name) => name !== NEEDED);
  return [OURS_FAST, ...names.map((name) => oursWithout(`without ${name}`, new Set([name])))];
}

function findEngines(binary: string): readonly Engine[] {
  const found: Engine[] = [OURS_FAST, OURS_SDK, opaWasm(binary)];
  for (const open of [() => [opaGo()], regorus, cedarAndCel, () => [sapl()]]) {
    try {
      found.push(...open());
    } catch (error) {
      console.error(`left out: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  return found;
}

type Made = { readonly name: string; readonly policy: () => EnginePolicy };

/** Those of the shared benchmark, where it is there. */
function knownPolicies(): readonly EnginePolicy[] {
  const folder = join(process.env["REGOMESH_SHARED"] ?? join(import.meta.dirname, "../../../../../shared"), "bench");
  if (existsSync(folder)) return sharedPolicies(folder);
  console.error("left out: rbac and roles, for want of outside data (REGOMESH_SHARED)");
  return [];
}

function policies(shared: readonly EnginePolicy[]): readonly Made[] {
  const shapes = SHAPE_NAMES.flatMap((name) =>
    SIZES.map((rules): Made => ({ name: `${name} ${rules}`, policy: () => shapePolicy(name, rules) })),
  );
  const tuples = TUPLES.map((number): Made => ({ name: `tuples ${number}`, policy: () => tuplesPolicy(number) }));
  const collections = COLLECTION_NAMES.map((name): Made => ({ name, policy: () => collectionPolicy(name) }));
  const known = [simplePolicy(), ...shared, claimsPolicy()].map(
    (policy): Made => ({ name: policy.name, policy: () => policy }),
  );
  return [...known, ...tuples, ...collections, ...shapes];
}
