/**
 * What processes take of the machine. CPU time, user and system, all threads, is what a request costs, whoever else
 * is on the machine. Requests per second depend on the neighbours, this hardly does.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

const TICKS_PER_SECOND = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));

/** Microseconds since the processes, and the children that they have, began. */
export function cpuMicroseconds(pids: readonly number[]): number {
  return pids.flatMap(withChildren).reduce((sum, pid) => sum + ticksOf(pid), 0) * (1_000_000 / TICKS_PER_SECOND);
}

/** utime and stime: the 14th and 15th value; the name before may hold blanks and brackets. */
function ticksOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const values = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(values[11]) + Number(values[12]);
}

/** Resident memory in MiB. */
export function residentMebibytes(pids: readonly number[]): number {
  const of = (pid: number): number =>
    Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0) / 1024;
  return pids.flatMap(withChildren).reduce((sum, pid) => sum + of(pid), 0);
}

/** Memory that is the processes' own alone, and written to: what they cost beside what is shared. */
export function privateKibibytes(pids: readonly number[]): number {
  const of = (pid: number): number =>
    Number(/Private_Dirty:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"))?.[1] ?? 0);
  return pids.flatMap(withChildren).reduce((sum, pid) => sum + of(pid), 0);
}

function withChildren(pid: number): readonly number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  return [pid, ...children.split(" ").filter(Boolean).map(Number)];
}
