/** Load from wrk: one thread, 32 connections, as fast as it goes; what it reports is parsed. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FIELDS, GRACE_SECONDS, type Load, type RunLoad } from "./load.ts";
import { outputOf } from "./output-of.ts";

const CONNECTIONS = 32;

export const runWrk: RunLoad = async (tools, load) => {
  const script = join(load.folder, "load.lua");
  writeFileSync(script, luaOf(load));
  const counts = ["-t1", `-c${load.connections ?? CONNECTIONS}`, `-d${load.seconds}s`, "--latency", "-s", script];
  const args = ["-c", String(load.core), tools.wrk, ...counts, `http://127.0.0.1:${load.port}/`];
  const out = await outputOf(tools.taskset, args, load.seconds + GRACE_SECONDS);
  const line = /^RESULT (.*)$/m.exec(out)?.[1]?.split(" ").map(Number);
  if (line === undefined) throw new Error(`wrk said no result: ${out}`);
  const [requests = 0, durationUs = 1, p50Us = 0, p99Us = 0, p999Us = 0, errors = 0] = line;
  return { requests, requestsPerSecond: requests / (durationUs / 1e6), p50Us, p99Us, p999Us, errors };
};

function luaOf(load: Load): string {
  const connection = load.isChurn ? { Connection: "close" } : {};
  const fields = Object.entries({ Host: load.host, ...FIELDS, ...connection })
    .map(([name, value]) => `["${name}"] = "${value}"`)
    .join(", ");
  return `
local line = wrk.format("GET", "${load.target}", { ${fields} })
request = function() return line end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), latency:percentile(99.9), e.status + e.connect + e.read + e.write + e.timeout))
end
`;
}
