/** Processes and their descendants, as the kernel has them (Linux: /proc). */
import { readdir, readFile } from "node:fs/promises";

/** The process and all that it has started, and these in turn. */
export async function familyOf(pid: number): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await statOf(Number(name));
    if (stat !== undefined) parents.set(Number(name), stat.parent);
  }
  const isBelow = (each: number): boolean => {
    const parent = parents.get(each);
    return each === pid || (parent !== undefined && parent !== each && isBelow(parent));
  };
  return [...parents.keys()].filter(isBelow);
}

/** Whether it runs: one that has ended and waits for its parent to notice does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await statOf(pid);
  return stat !== undefined && stat.state !== "Z";
}

/** `PID (name) STATE PARENT …`; the name may hold anything. */
async function statOf(pid: number): Promise<{ readonly state: string; readonly parent: number } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => undefined);
  const [state = "", parent = ""] = text?.slice(text.lastIndexOf(")") + 2).split(" ") ?? [];
  return text === undefined ? undefined : { state, parent: Number(parent) };
}
