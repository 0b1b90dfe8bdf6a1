/** The processes of a chaotic mesh by their ids: who dies, who comes back, and what lives in each. */
import { readdirSync, readFileSync } from "node:fs";
import { type Mesh, WORKLOADS } from "@regomesh/cli";
import type { LiveMemory } from "./live-memory.ts";
import { type MemorySample, type Trend, trendOf } from "./memory-trend.ts";
import type { Victim } from "./schedule.ts";

/** A process may be away for so long: its pause, its start, and a machine that is busy. */
const AWAY_MAX_MS = 90_000;

export type Lived = { readonly name: string; readonly pid: number; readonly live: Trend; readonly resident: Trend };

type Samples = { readonly live: MemorySample[]; readonly resident: MemorySample[] };

export class Processes {
  readonly #mesh: Mesh;
  readonly #live: LiveMemory;
  readonly #memory = new Map<number, { readonly name: string; readonly samples: Samples }>();
  readonly #awaySince = new Map<string, number>();
  /** How often each was killed. */
  readonly kills = new Map<Victim, number>();
  /** Those that stayed away for longer than any may. */
  readonly dead = new Set<string>();

  constructor(mesh: Mesh, live: LiveMemory) {
    this.#mesh = mesh;
    this.#live = live;
  }

  names(): readonly string[] {
    return ["controller", ...WORKLOADS.flatMap(({ name }) => [`sidecar of ${name}`, name])];
  }

  pid(victim: Victim): number | undefined {
    const controller = this.#mesh.process("controller").pid;
    if (victim !== "build process") return this.#mesh.process(victim).pid;
    return controller === undefined ? undefined : childrenOf(controller)[0];
  }

  /** False where there is no such process just now. */
  signal(victim: Victim, signal: NodeJS.Signals): boolean {
    const pid = this.pid(victim);
    if (pid === undefined) return false;
    try {
      process.kill(pid, signal);
    } catch {
      return false; // between two lives
    }
    if (signal === "SIGKILL") this.kills.set(victim, (this.kills.get(victim) ?? 0) + 1);
    return true;
  }

  /** Looks who is there, and at what lives in controller and sidecars. */
  look(nowMs: number): void {
    for (const name of this.names()) {
      const { pid } = this.#mesh.process(name);
      if (pid === undefined || !isAlive(pid)) {
        const since = this.#awaySince.get(name) ?? nowMs;
        this.#awaySince.set(name, since);
        if (nowMs - since > AWAY_MAX_MS) this.dead.add(name);
        continue;
      }
      this.#awaySince.delete(name);
      if (name !== "controller" && !name.startsWith("sidecar")) continue;
      const known = this.#memory.get(pid) ?? { name, samples: { live: [], resident: [] } };
      const said = this.#live.read(pid);
      for (const kind of ["live", "resident"] as const) {
        if (said !== undefined) known.samples[kind].push({ atMs: nowMs, bytes: said[kind] });
      }
      this.#memory.set(pid, known);
    }
  }

  get areAllThere(): boolean {
    return this.#awaySince.size === 0;
  }

  /** Of every process that lived through that part of the run. */
  lived(fromMs: number, untilMs: number): readonly Lived[] {
    return [...this.#memory].flatMap(([pid, { name, samples }]) => {
      const [live, resident] = [trendOf(samples.live, fromMs, untilMs), trendOf(samples.resident, fromMs, untilMs)];
      return live === undefined || resident === undefined ? [] : [{ name, pid, live, resident }];
    });
  }
}

/** False for one that has ended, and waits to be noticed. */
function isAlive(pid: number): boolean {
  return stateOf(pid) !== undefined;
}

/** State and parent; undefined where it has ended. */
function stateOf(pid: number): { readonly parent: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    // `PID (name) STATE PARENT …`; the name may hold anything.
    const [state, parent] = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? undefined : { parent: Number(parent) };
  } catch {
    return undefined;
  }
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => stateOf(pid)?.parent === parent);
}
