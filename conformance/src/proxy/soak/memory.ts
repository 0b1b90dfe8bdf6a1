/** Memory of another process as Linux counts it, in bytes. */
import { readFileSync, writeFileSync } from "node:fs";

export type Memory = {
  /** Resident now. */
  readonly nowBytes: number;
  /** The most that was resident since the start, or since `forgetPeak`. */
  readonly peakBytes: number;
};

export function readMemory(pid: number): Memory {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return { nowBytes: fieldOf(status, "VmRSS"), peakBytes: fieldOf(status, "VmHWM") };
}

/** The peak counts from now on (proc(5), clear_refs). */
export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function fieldOf(status: string, name: string): number {
  const [, kibibytes] = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(status) ?? [];
  if (kibibytes === undefined) throw new Error(`/proc/PID/status has no ${name}`);
  return Number(kibibytes) * 1024;
}
