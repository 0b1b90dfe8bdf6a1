/**
 * Mutated modules through parser, checks and fmt. Whatever the text: nothing throws, nothing takes long or much
 * memory, what cannot be parsed has a diagnostic at a place of the text, and what fmt makes can be read.
 */
import { hasErrors, makeRandom } from "@regomesh/base";
import { checkUnit, formatModule, parseModule, type RegoSource, type RegoVersion } from "@regomesh/policy-compiler";
import { mutate } from "./mutate.ts";

export type FuzzReport = {
  readonly parsed: number;
  readonly slowestMs: number;
  readonly heapBytesMost: number;
  readonly faults: readonly { readonly why: string; readonly text: string; readonly version: RegoVersion }[];
};

export type FuzzOptions = {
  readonly count: number;
  readonly seed: number;
  readonly seeds: readonly string[];
  readonly onProgress?: (done: number) => void;
};

/** Of CPU, so that other processes of the machine count little. No source is worth more time: a fault of the compiler that makes one takes minutes. */
const MS_MAX = 5000;
const FAULTS_MAX = 20;
const VERSIONS: readonly RegoVersion[] = ["v1", "v0", "v2"];

export function fuzz({ count, seed, seeds, onProgress }: FuzzOptions): FuzzReport {
  const random = makeRandom(seed);
  const faults: FuzzReport["faults"][number][] = [];
  let [parsed, slowestMs, heapBytesMost] = [0, 0, 0];
  for (let i = 0; i < count && faults.length < FAULTS_MAX; i++) {
    const from = seeds[Math.floor(random() * seeds.length)] ?? "";
    const version = VERSIONS[Math.floor(random() * VERSIONS.length)] ?? "v1";
    const text = mutate(from, seeds, random);
    const before = process.threadCpuUsage();
    const outcome = tryOne({ name: "fuzz.rego", text, version });
    const { user, system } = process.threadCpuUsage(before);
    const tookMs = (user + system) / 1000;
    slowestMs = Math.max(slowestMs, tookMs);
    if (i % 100 === 0) heapBytesMost = Math.max(heapBytesMost, process.memoryUsage().heapUsed);
    if (outcome === true) parsed++;
    else if (typeof outcome === "string") faults.push({ why: outcome, text, version });
    if (tookMs > MS_MAX) faults.push({ why: `took ${Math.round(tookMs)} ms`, text, version });
    onProgress?.(i + 1);
  }
  return { parsed, slowestMs, heapBytesMost, faults };
}

/** Whether it parses, or what is wrong with us. */
export function tryOne(source: RegoSource): boolean | string {
  try {
    const parsed = readOne(source);
    if (typeof parsed === "string") return parsed;
    checkUnit({ name: "u", modules: [source], data: {} });
    if (!parsed) return false;
    const { text } = formatModule(source);
    if (text === undefined) return "fmt does not read what the parser does";
    const again = parseModule({ ...source, text });
    return hasErrors(again.diagnostics) ? `fmt makes what does not parse: ${again.diagnostics[0]?.message}` : true;
  } catch (error) {
    return `threw ${error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 4).join(" ") : String(error)}`;
  }
}

/** Whether it parses, or what is wrong with its diagnostics. Its tree is not held while the checks and fmt make their own. */
function readOne(source: RegoSource): boolean | string {
  const { module, diagnostics } = parseModule(source);
  for (const { at } of diagnostics) {
    const { start, end } = at.span;
    if (start < 0 || end < start || end > source.text.length) return `a diagnostic at ${start}–${end}`;
  }
  if ((module === undefined) !== hasErrors(diagnostics)) return "neither a module nor a diagnostic";
  return module !== undefined;
}
