/** Memory and CPU of processes, as the kernel counts them (Linux: /proc). */
import { readFileSync } from "node:fs";

/** Clock ticks a second, the same on every Linux that Node runs on. */
const TICKS = 100;

/** Throws where there is no such process. */
export function residentMegabytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8")) ?? [];
  return Number(kilobytes) / 1024;
}

/** As `cpuSeconds`, of a process that may have ended, or not have begun: undefined then. */
export function cpuSecondsIfAny(pid: number | undefined): number | undefined {
  try {
    return pid === undefined ? undefined : cpuSeconds(pid);
  } catch {
    return undefined;
  }
}

/** Seconds of CPU that a process has taken since its start; throws where there is no such process. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}
