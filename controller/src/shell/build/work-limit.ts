/**
 * How long a process of ours may work for one thing: by the time of a processor that it has had. By the clock a machine
 * that has none to give would make a good commit look like one that cannot be built.
 */
import { readFileSync } from "node:fs";

/** USER_HZ of Linux, on every machine that Node runs on (proc_pid_stat(5)). */
const TICK_MS = 10;
/** Fields 14 and 15, counted from the one behind the name in brackets, which is the third. */
const [USER, SYSTEM] = [11, 12];
/** By the clock a process may take so many times as long as by its processor's time. */
const WAITS_MAX = 10;
const LOOK_MS_MIN = 1000;

/** `work`: it has worked for so long. `wait`: it was given no time to, or waits for something. */
export type Over = "work" | "wait";

export type WorkLimit = {
  readonly limitMs: number;
  /** Milliseconds of a processor that the process has had since its start; undefined where nobody says so. */
  readonly cpuMs: () => number | undefined;
  readonly onOver: (over: Over) => void;
};

/**
 * Calls `onOver` once, unless what it gives is called before, or the process ends: whoever waits hears of that otherwise.
 * Where nobody says what a process has worked, the clock does.
 */
export function limitWork({ limitMs, cpuMs, onOver }: WorkLimit): () => void {
  const before = cpuMs();
  let waitedMs = 0;
  let timer: NodeJS.Timeout;
  const wait = (ms: number) => {
    timer = setTimeout(() => {
      waitedMs += ms;
      const now = cpuMs();
      if (before !== undefined && now === undefined) return;
      const workedMs = before === undefined || now === undefined ? waitedMs : now - before;
      if (workedMs >= limitMs) onOver("work");
      else if (waitedMs >= WAITS_MAX * limitMs) onOver("wait");
      else wait(Math.max(LOOK_MS_MIN, limitMs - workedMs));
    }, ms);
  };
  wait(limitMs);
  return () => clearTimeout(timer);
}

/** Of all threads of a process, in milliseconds (whole hundredths of a second); undefined where there is no /proc, or no such process. */
export function cpuMsOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined;
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[USER]) + Number(fields[SYSTEM])) * TICK_MS;
  } catch {
    return undefined;
  }
}
