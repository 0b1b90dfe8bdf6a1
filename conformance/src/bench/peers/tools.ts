/** Programs that the paired benchmarks need beside Node, and peers that are measured where they can be had. */
import { execFileSync } from "node:child_process";

const NEEDED = ["nginx", "wrk", "h2load", "taskset", "openssl"] as const;
const PEERS = ["haproxy", "envoy", "opa-envoy-plugin"] as const;

type Needed = (typeof NEEDED)[number];
export type PeerName = (typeof PEERS)[number];
export type Tools = Readonly<Record<Needed, string>> & { readonly peers: Readonly<Partial<Record<PeerName, string>>> };
export type Found = { readonly tools: Tools | undefined; readonly missing: readonly string[] };

/**
 * The tools, undefined where one is missing that nothing goes without, and all that is missing.
 * `told`: places of programs (`envoy=/opt/envoy`) that are not on the PATH.
 */
export function findTools(told: readonly string[]): Found {
  const given = new Map(told.map((text) => [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)]));
  const placeOf = (name: string): string | undefined =>
    [given.get(name) ?? name, `/usr/sbin/${name}`].find((place) => isThere(place));
  const needed = NEEDED.map((name) => [name, placeOf(name)] as const);
  const peers = PEERS.map((name) => [name, placeOf(name)] as const);
  const missing = [...needed, ...peers].filter(([, place]) => place === undefined).map(([name]) => name);
  const isWhole = needed.every(([, place]) => place !== undefined);
  const there = Object.fromEntries(peers.filter(([, place]) => place !== undefined));
  return { tools: isWhole ? ({ ...Object.fromEntries(needed), peers: there } as Tools) : undefined, missing };
}

function isThere(program: string): boolean {
  try {
    execFileSync("sh", ["-c", 'command -v "$0"', program], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
