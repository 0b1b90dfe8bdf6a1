/**
 * CPU time of processes, user and system, all threads: what a request costs, whoever else
 * is on the machine. Requests per second depend on the neighbours, this hardly does.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Microseconds since the processes began. */
export function cpuMicroseconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) * (1_000_000 / TICKS_PER_SECOND);
}

/** utime and stime: the 14th and 15th value; the name before may hold blanks and brackets. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const values = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(values[11]) + Number(values[12]);
}

/** Resident memory in MiB. */
export function residentMebibytes(pid: number): number {
  const pages = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(pages?.[1] ?? 0) / 1024;
}
