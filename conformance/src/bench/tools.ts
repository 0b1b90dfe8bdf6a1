/** Programs that the paired benchmarks need beside Node, and where they are. */
import { execFileSync } from "node:child_process";

export type Tools = {
  readonly nginx: string;
  readonly wrk: string;
  readonly h2load: string;
  readonly taskset: string;
  readonly openssl: string;
};

const PLACES: Readonly<Record<keyof Tools, readonly string[]>> = {
  nginx: ["nginx", "/usr/sbin/nginx"],
  wrk: ["wrk"],
  h2load: ["h2load"],
  taskset: ["taskset"],
  openssl: ["openssl"],
};

/** The tools, or the names of those that are missing. */
export function findTools(): Tools | readonly string[] {
  const found = Object.entries(PLACES).map(([name, places]) => [name, places.find(isThere)] as const);
  const missing = found.filter(([, place]) => place === undefined).map(([name]) => name);
  return missing.length > 0 ? missing : (Object.fromEntries(found) as unknown as Tools);
}

function isThere(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
