/** How far a release had come, as it is kept: a controller that starts anew goes on from there. */
import type { ReleaseRules } from "../snapshot/release-rules.ts";
import type { Distribution } from "./state.ts";
import type { Counts } from "./traffic.ts";

export type KeptStage = {
  /** Whose it is: under another number, or issued anew, it is the same release still. */
  readonly epoch: string;
  readonly builtAtMs: number;
  readonly kind: "canary" | "everyone";
  /** An operator may have changed what the plan says. */
  readonly rules: ReleaseRules;
  readonly fromSequence: number;
  readonly sinceMs: number;
  readonly takenAtMs?: number;
  readonly isBaked: boolean;
  readonly canaries: readonly string[];
  readonly before: readonly (readonly [string, Counts])[];
  readonly now: readonly (readonly [string, Counts])[];
  /** When this was true: nothing is watched while no controller runs. */
  readonly atMs: number;
};

/** Undefined where there is nothing that a restart could forget: neither canaries nor a time in which it is watched. */
export function keptStageOf({ publication, stage, traffic }: Distribution, nowMs: number): KeptStage | undefined {
  if (publication === undefined || stage === undefined) return undefined;
  const { kind, rules, fromSequence, sinceMs, takenAtMs, isBaked, canaries } = stage;
  if (rules.canary === undefined && rules.bakeMs === 0) return undefined;
  const { revision, builtAtMs } = publication.release;
  return {
    epoch: revision.epoch,
    builtAtMs,
    kind,
    rules,
    fromSequence,
    sinceMs,
    ...(takenAtMs === undefined ? {} : { takenAtMs }),
    isBaked,
    canaries: [...canaries].sort(),
    before: [...traffic.before],
    now: [...traffic.now],
    atMs: nowMs,
  };
}

/** Goes on from what was kept, where that is of the release in place; the time without a controller is added to every wait. */
export function resumeStage(state: Distribution, kept: KeptStage, nowMs: number): Distribution {
  const { publication, stage } = state;
  const { revision, builtAtMs } = publication?.release ?? {};
  if (stage === undefined || revision?.epoch !== kept.epoch || builtAtMs !== kept.builtAtMs) return state;
  const awayMs = Math.max(0, nowMs - kept.atMs);
  const { kind, rules, fromSequence, sinceMs, takenAtMs, isBaked, canaries, before, now } = kept;
  return {
    ...state,
    traffic: { before: new Map(before), now: new Map(now) },
    stage: {
      ...stage,
      kind,
      rules,
      fromSequence,
      sinceMs: sinceMs + awayMs,
      takenAtMs: takenAtMs === undefined ? undefined : takenAtMs + awayMs,
      isBaked,
      canaries: new Set(canaries),
    },
  };
}
