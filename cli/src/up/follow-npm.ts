/**
 * Ends the mesh with the npm that started it. `npm start` is npm, a shell and this process:
 * npm ended by SIGKILL tells nobody, and by SIGTERM only the shell, which dies of it. Who is
 * whose parent is all there is to see. Where npm is not above us, nothing is followed.
 */
import { readFileSync } from "node:fs";

const LOOK_EVERY_MS = 300;
/** npm, its shell, the Node that starts the project's own. */
const LINKS_MAX = 4;

type Link = { readonly pid: number; readonly parent: number };

/** Aborted when npm, or what stands between it and this process, is gone. */
export function followNpm(startedByNpm: boolean): AbortSignal {
  const ending = new AbortController();
  const chain = startedByNpm ? chainToNpm(process.pid) : undefined;
  if (chain === undefined) return ending.signal;
  const timer = setInterval(() => {
    if (chain.every(({ pid, parent }) => parentOf(pid) === parent)) return;
    clearInterval(timer);
    ending.abort(new Error("npm is gone"));
  }, LOOK_EVERY_MS);
  timer.unref();
  return ending.signal;
}

/** From this process to npm; undefined where npm is not found (no /proc, or gone already). */
function chainToNpm(from: number): readonly Link[] | undefined {
  const chain: Link[] = [];
  for (let pid = from; chain.length < LINKS_MAX; ) {
    const parent = parentOf(pid);
    if (parent === undefined || parent <= 1) return undefined;
    chain.push({ pid, parent });
    if (isNpm(parent)) return chain;
    pid = parent;
  }
  return undefined;
}

function parentOf(pid: number): number | undefined {
  const stat = read(`/proc/${pid}/stat`);
  // `PID (name) STATE PARENT …`; the name may hold anything.
  return stat === undefined ? undefined : Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
}

/** npm names itself `npm start …`; before it has, its script stands there. */
function isNpm(pid: number): boolean {
  return /^npm\b|\bnpm(-cli\.js)?(\0|$)/.test(read(`/proc/${pid}/cmdline`) ?? "");
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
