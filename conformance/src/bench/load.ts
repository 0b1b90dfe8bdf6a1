/** Load from wrk: one thread, 32 connections, as fast as it goes; what it reports is parsed. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Tools } from "./tools.ts";

export type Load = {
  readonly folder: string;
  readonly core: number;
  readonly port: number;
  /** Request target; an absolute one for a proxy that is asked explicitly. */
  readonly target: string;
  readonly host: string;
  readonly seconds: number;
};
export type LoadResult = {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Answers that were not 2xx or 3xx, and socket errors. */
  readonly errors: number;
};

/** Seven fields, as in the measurements that the floors come from. */
export const FIELDS: Readonly<Record<string, string>> = {
  "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
  Accept: "application/json",
  "Accept-Encoding": "gzip, deflate",
  /** bob, whom the policy knows (policy.ts). */
  Authorization: "Basic Ym9iOmNvcnJlY3QtaG9yc2UtYmF0dGVyeS1zdGFwbGUtYW5kLWEtbGl0dGxlLW1vcmU=",
  "X-Tenant": "tenant-0042",
  Cookie: "session=0123456789abcdef; theme=dark",
};

export async function runLoad(tools: Tools, load: Load): Promise<LoadResult> {
  const script = join(load.folder, "load.lua");
  writeFileSync(script, luaOf(load));
  const args = ["-c", String(load.core), tools.wrk, "-t1", "-c32", `-d${load.seconds}s`, "--latency", "-s", script];
  const child = spawn(tools.taskset, [...args, `http://127.0.0.1:${load.port}/`], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  const code = await new Promise((resolve) => child.on("exit", resolve));
  const line = /^RESULT (.*)$/m.exec(out)?.[1]?.split(" ").map(Number);
  if (code !== 0 || line === undefined) throw new Error(`wrk ended with ${code}: ${out}`);
  const [requests = 0, durationUs = 1, p50Us = 0, p99Us = 0, errors = 0] = line;
  return { requests, requestsPerSecond: requests / (durationUs / 1e6), p50Us, p99Us, errors };
}

function luaOf(load: Load): string {
  const fields = Object.entries({ Host: load.host, ...FIELDS })
    .map(([name, value]) => `["${name}"] = "${value}"`)
    .join(", ");
  return `
local line = wrk.format("GET", "${load.target}", { ${fields} })
request = function() return line end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
`;
}
