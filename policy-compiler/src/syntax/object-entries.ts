/**
 * The entries of an object's text. Keys that are the same term are one key to OPA from the
 * parser on, and the last value is its value: what the others say is never looked at.
 */
import type { Term } from "./ast.ts";

type Entry = readonly [Term, Term];

/** One entry for each key: as it was first written, with what was said last. */
export function lastOfEachKey(entries: readonly Entry[]): readonly Entry[] {
  if (entries.length < 2) return entries;
  const known = new Map<string, Entry>();
  for (const [key, value] of entries) {
    const text = keyText(key);
    known.set(text, [known.get(text)?.[0] ?? key, value]);
  }
  return known.size === entries.length ? entries : [...known.values()];
}

/** Equal for keys that are the same term: numbers by their value, sets and objects in any order, all else as written. */
export function keyText(key: Term): string {
  return JSON.stringify(key, (name, value: unknown) => {
    if (name === "at") return undefined;
    if (isKind(value, "number")) return { kind: "number", text: plainNumber(value.text) };
    if (isKind(value, "set")) return { kind: "set", of: [...new Set(value.items.map(keyText))].sort() };
    if (!isKind(value, "object")) return value;
    return { kind: "object", of: value.entries.map(([own, held]) => [keyText(own), keyText(held)].join()).sort() };
  });
}

function isKind<Kind extends Term["kind"]>(value: unknown, kind: Kind): value is Extract<Term, { kind: Kind }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}

/** Digits without zeros at either end, and the power of ten behind them: `1.0`, `10e-1` are `1e0`. */
export function plainNumber(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  return `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}
