/** Processes of a group, as the kernel has them (Linux: /proc). */
import { readdir, readFile } from "node:fs/promises";

/** Those of a process group that run; one that has ended and waits to be noticed does not. */
export async function livingOf(group: number): Promise<readonly number[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const living = await Promise.all(
    pids.map(async (pid) => {
      // `PID (name) STATE PARENT GROUP …`; the name may hold anything.
      const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
      const [state, , of] = text.slice(text.lastIndexOf(")") + 2).split(" ");
      return Number(of) === group && state !== "Z";
    }),
  );
  return pids.filter((_, i) => living[i]);
}
