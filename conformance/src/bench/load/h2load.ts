/**
 * Load from h2load: one thread, 8 connections of 8 streams each, or 16 of HTTP/1.1 at a rate.
 * It tells no percentiles; they are taken from its log of requests.
 *
 * The authority is said by the URL alone: of HTTP/1.1 h2load writes a Host of its own before what `-H` gives, a
 * request with two is answered 400, and h2load then connects again for ever.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { FIELDS, GRACE_SECONDS, type Load, type LoadResult, type RunLoad } from "./load.ts";
import { outputOf } from "./output-of.ts";

const HTTP2 = { connections: 8, streams: 8 };
const HTTP1 = { connections: 16, streams: 1 };
/** A call of gRPC with a message of 64 bytes. */
const MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 0, 64]), Buffer.alloc(64, "q")]);

export const runH2Load: RunLoad = async (tools, load) => {
  const log = join(load.folder, "h2load.log");
  rmSync(log, { force: true });
  const target = [`--connect-to=127.0.0.1:${load.port}`, `http://${load.host}${load.target}`];
  const args = ["-c", String(load.core), tools.h2load, "-t1", ...flagsOf(load), `--log-file=${log}`, ...target];
  const out = await outputOf(tools.taskset, args, load.seconds + GRACE_SECONDS);
  const seconds = Number(/^finished in ([\d.]+)s/m.exec(out)?.[1]);
  const total = /(\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout/.exec(out)?.slice(1).map(Number);
  const good = Number(/status codes: (\d+) 2xx/.exec(out)?.[1]);
  if (total === undefined || !(seconds > 0)) throw new Error(`h2load said no result: ${out}`);
  const [succeeded = 0, failed = 0, errored = 0, timedOut = 0] = total;
  const errors = failed + errored + timedOut + Math.max(0, succeeded - good);
  return { requests: succeeded, requestsPerSecond: succeeded / seconds, ...percentilesOf(log), errors };
};

function flagsOf(load: Load): string[] {
  const { connections, streams } = load.client === "http1" ? HTTP1 : HTTP2;
  const call = load.client === "grpc" ? { "content-type": "application/grpc", te: "trailers" } : {};
  const fields = Object.entries({ ...FIELDS, ...call }).flatMap(([name, value]) => [
    "-H",
    `${name.toLowerCase()}: ${value}`,
  ]);
  return [
    `-c${connections}`,
    `-m${streams}`,
    "-D",
    String(load.seconds),
    ...(load.client === "http1" ? ["--h1"] : []),
    ...(load.client === "grpc" ? ["-d", messageFile(load.folder)] : []),
    ...(load.perSecond === undefined ? [] : [`--rps=${load.perSecond / connections}`]),
    ...fields,
  ];
}

function messageFile(folder: string): string {
  const path = join(folder, "call");
  writeFileSync(path, MESSAGE);
  return path;
}

/** Of each request a line: begin, status, microseconds. */
function percentilesOf(log: string): Pick<LoadResult, "p50Us" | "p99Us" | "p999Us"> {
  const text = readFileSync(log, "latin1");
  const taken: number[] = [];
  for (let at = 0; at < text.length; ) {
    const end = text.indexOf("\n", at);
    const last = text.lastIndexOf("\t", end);
    taken.push(Number(text.slice(last + 1, end)));
    at = end + 1;
  }
  const sorted = Float64Array.from(taken).sort();
  const of = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
  return { p50Us: of(0.5), p99Us: of(0.99), p999Us: of(0.999) };
}
