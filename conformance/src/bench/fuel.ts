/**
 * `node conformance/bin/fuel.mjs`: nanoseconds that a unit of fuel takes. A unit is meant to be about one; what
 * takes many is where a policy or a client gets more time than its limit says.
 */
import { parseArgs } from "node:util";
import { compile } from "@regomesh/policy-compiler";
import { loadRuntime } from "@regomesh/policy-compiler/node";
import { openEvaluator } from "@regomesh/policy-runtime";
import { amountOf } from "../command-line.ts";
import { CALLS, OPERANDS, RULES, STATEMENTS } from "./fuel-rows.ts";

/** Of one evaluation: long enough to measure, short enough for hundreds of rows. */
const FUEL = 4_000_000;
const LIMITS = { fuel: FUEL, memoryBytesMax: 256 * 1024 * 1024 };
const ROUNDS = 2;

type Row = { readonly name: string; readonly body: string };

export const USAGE = `Measures what a unit of fuel takes, of every built-in of the runtime and every shape of statement.

usage: node conformance/bin/fuel.mjs [--over NS] [NAME…]
  --over NS  only those of which a unit takes so many nanoseconds, or more
  NAME…      only those whose names begin so
exit codes: 0 measured, 64 wrong usage`;

export async function main(args: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { over: { type: "string" } },
    allowPositionals: true,
  });
  const over = values.over === undefined ? 0 : amountOf(values.over, "over");
  const runtime = await loadRuntime();
  const rows = [...callRows(), ...Object.entries(STATEMENTS).map(([name, body]) => ({ name, body }))];
  const wanted = rows.filter(
    ({ name }) => positionals.length === 0 || positionals.some((word) => name.startsWith(word)),
  );
  for (const row of wanted) {
    const { name } = row;
    const { nanoseconds, units, note } = measure(row, runtime);
    if (nanoseconds < over) continue;
    console.log(`${nanoseconds.toFixed(1).padStart(7)} ns/unit ${String(units).padStart(9)} units  ${name}${note}`);
  }
  return 0;
}

function callRows(): readonly Row[] {
  return Object.entries(CALLS).flatMap(([name, calls]) =>
    calls.map((operands) => ({
      name: `${name}(${operands.length > 60 ? `${operands.slice(0, 60)}…` : operands})`,
      body: `y := ${spell(
        name,
        operands.replace(/"[^"]*"|[a-z_]\w*/gi, (word) => (Object.hasOwn(OPERANDS, word) ? `data.${word}` : word)),
      )}; y == data.never`,
    })),
  );
}

/** Built-ins that only operators and keywords can call. */
const WRITTEN: Readonly<Record<string, (a: string, b: string, c: string) => string>> = {
  "internal.member_2": (a, b) => `${a} in ${b}`,
  "internal.member_3": (a, b, c) => `(${a}, ${b} in ${c})`,
};

function spell(name: string, operands: string): string {
  const written = WRITTEN[name];
  if (written === undefined) return `${name}(${operands})`;
  const [a = "", b = "", c = ""] = operands.split(", ");
  return written(a, b, c);
}

function measure({ body }: Row, runtime: Awaited<ReturnType<typeof loadRuntime>>) {
  const text = `package t\n${RULES}\np if { some x in data.turns; ${body} }`;
  const used = Object.entries(OPERANDS).filter(([operand]) => text.includes(`data.${operand}`));
  const units = [{ name: "u", modules: [{ name: "u.rego", text }], data: {} }];
  const { module, diagnostics } = compile({ units, entrypoints: [{ unit: "u", name: "t/p" }], runtime });
  if (module === undefined)
    return { nanoseconds: Number.NaN, units: 0, note: `  no module: ${diagnostics[0]?.message}` };
  const data = `{${used.map(([operand, json]) => `"${operand}": ${json}`).join(", ")}}`;
  let nanoseconds = Number.POSITIVE_INFINITY;
  let spent = 0;
  let note = "";
  for (let i = 0; i < ROUNDS; i++) {
    const evaluator = openEvaluator({ wasm: module.wasm, data, limits: LIMITS });
    evaluator.evaluate(0, "{}"); // warms the code
    const before = process.cpuUsage();
    const evaluation = evaluator.evaluate(0, "{}");
    const { user, system } = process.cpuUsage(before);
    spent = evaluation.fuelUsed;
    nanoseconds = Math.min(nanoseconds, ((user + system) * 1000) / Math.max(1, spent));
    note = evaluation.kind === "fault" && evaluation.code !== "rm_fuel" ? `  ended: ${evaluation.message}` : "";
  }
  return { nanoseconds, units: spent, note };
}
