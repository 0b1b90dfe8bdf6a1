/** Load of HTTP/2 from h2load: one thread, 8 connections of 8 streams each, as fast as it goes. */
import { spawn } from "node:child_process";
import { FIELDS, type Load, type LoadResult } from "./load.ts";
import type { Tools } from "./tools.ts";

const CONNECTIONS = 8;
const STREAMS = 8;

/** h2load tells no percentiles: latencies are 0. */
export async function runH2Load(tools: Tools, load: Load): Promise<LoadResult> {
  const fields = Object.entries({ ...FIELDS, ":authority": load.host }).flatMap(([name, value]) => [
    "-H",
    `${name.toLowerCase()}: ${value}`,
  ]);
  const counts = ["-t1", `-c${CONNECTIONS}`, `-m${STREAMS}`, "-D", String(load.seconds)];
  const url = `http://127.0.0.1:${load.port}${load.target}`;
  const child = spawn(tools.taskset, ["-c", String(load.core), tools.h2load, ...counts, ...fields, url], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  const code = await new Promise((resolve) => child.on("exit", resolve));
  const seconds = Number(/^finished in ([\d.]+)s/m.exec(out)?.[1]);
  const total = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(out)?.slice(1).map(Number);
  const good = Number(/status codes: (\d+) 2xx/.exec(out)?.[1]);
  if (code !== 0 || total === undefined || !(seconds > 0)) throw new Error(`h2load ended with ${code}: ${out}`);
  const [succeeded = 0, failed = 0, errored = 0, timedOut = 0] = total;
  const errors = failed + errored + timedOut + Math.max(0, succeeded - good);
  return { requests: succeeded, requestsPerSecond: succeeded / seconds, p50Us: 0, p99Us: 0, errors };
}
