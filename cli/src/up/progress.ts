/**
 * The one line that changes while the mesh comes up:
 * `starting  controller ✓  identities 4/4  policies ✓  sidecars 3/4`.
 * Away from a terminal it says each step once.
 */
import type { Io } from "../command.ts";

export type Step = { readonly name: string; readonly done: number; readonly of: number };

export class Progress {
  readonly #io: Io;
  readonly #steps: Map<string, Step>;

  constructor(io: Io, steps: readonly Step[]) {
    this.#io = io;
    this.#steps = new Map(steps.map((step) => [step.name, step]));
  }

  /** One more of a step is done. */
  advance(name: string): void {
    const step = this.#steps.get(name);
    if (step === undefined) return;
    const next = { ...step, done: Math.min(step.of, step.done + 1) };
    this.#steps.set(name, next);
    if (this.#io.isTerminal) this.#io.out(`\r\x1b[2K${printProgress([...this.#steps.values()])}`);
    else if (next.done === next.of) this.#io.out(`${printStep(next)}\n`);
  }

  /** Takes the line away. */
  clear(): void {
    if (this.#io.isTerminal) this.#io.out("\r\x1b[2K");
  }
}

function printProgress(steps: readonly Step[]): string {
  return `starting  ${steps.map(printStep).join("  ")}`;
}

function printStep({ name, done, of }: Step): string {
  if (done === of) return `${name} ✓`;
  return of === 1 ? `${name} …` : `${name} ${done}/${of}`;
}
