/** Releases under everything that can happen to them, by chance: what is said to be in force is, and what came last ends in force. */
import { makeRandom } from "@regomesh/base";
import { expect, test } from "vitest";
import type { ReleaseRules } from "../snapshot/release-rules.ts";
import { makeRelease, Play } from "../test/play.ts";
import { nextDueMs } from "./distribution.ts";
import { type KeptStage, keptStageOf } from "./kept-stage.ts";
import { toPublication } from "./release.ts";
import { isInForce } from "./state.ts";

const NAMES = ["web", "orders", "payments", "mail", "cart"];
const RULES: ReleaseRules = {
  canary: { kind: "percent", percent: 30 },
  bakeMs: 60_000,
  deadlineMs: 600_000,
  refusalsRiseMax: 5,
  failuresRiseMax: 5,
  requestsMin: 100,
};
const CANARIES = [
  undefined,
  { kind: "percent", percent: 1 },
  { kind: "percent", percent: 99 },
  { kind: "workloads", workloads: ["default/orders"] },
  { kind: "workloads", workloads: ["default/orders", "default/nobody"] },
] as const;

class Walk {
  play = new Play();
  readonly #random: () => number;
  readonly #waiting = new Set<string>();
  readonly #there = new Set(NAMES);
  #sequence = 1;
  #commits = 1;
  newest = "A";

  constructor(seed: number) {
    this.#random = makeRandom(seed);
    this.play.publish(toPublication(makeRelease(1, "A", NAMES)));
    for (const name of NAMES) {
      this.play.connect(name);
      this.play.ack(name);
    }
  }

  #pick<T>(all: readonly T[]): T {
    return all[Math.floor(this.#random() * all.length)] as T;
  }

  #hear(told: readonly string[]): void {
    for (const each of told) {
      const [, sent] = /^(\w+):\w+\d+(\+module)?$/.exec(each) ?? [];
      if (sent !== undefined) this.#waiting.add(sent);
      const [, closed] = /^(\w+) closed/.exec(each) ?? [];
      if (closed !== undefined) this.#gone(closed);
      if (each.startsWith("held")) this.newest = this.play.state.publication?.release.revision.name ?? "";
    }
    this.#sequence = Math.max(this.#sequence, this.play.state.publication?.release.revision.sequence ?? 0);
  }

  #gone(name: string): void {
    this.#waiting.delete(name);
    this.#there.delete(name);
  }

  /** A revert is the text of A again. */
  commit(isRevert: boolean): void {
    const name = isRevert ? "A" : `C${++this.#commits}x`;
    const release = makeRelease(++this.#sequence, name, NAMES, (isRevert ? "a" : "b").repeat(64));
    const rules = {
      ...RULES,
      canary: this.#pick(CANARIES) as ReleaseRules["canary"],
      bakeMs: this.#pick([0, 1000, 60_000]),
    };
    const isPinned = this.#random() < 0.1;
    const publication = toPublication(
      {
        ...release,
        builtAtMs: this.play.nowMs + this.#sequence,
        plan: { ...release.plan, rules },
        ...(isPinned ? { isPinned } : {}),
      },
      undefined,
      this.play.state.publication,
    );
    this.newest = name;
    this.#hear(this.play.publish(publication));
  }

  step(): void {
    const [waiting, there] = [[...this.#waiting], [...this.#there]];
    const away = NAMES.filter((name) => !this.#there.has(name));
    const dice = this.#random();
    if (dice < 0.3 && waiting.length > 0) this.#answer(this.#pick(waiting));
    else if (dice < 0.4) this.commit(this.#random() < 0.4);
    else if (dice < 0.5 && there.length > 0) this.#leave(this.#pick(there));
    else if (dice < 0.65 && away.length > 0) this.#connect(this.#pick(away));
    else if (dice < 0.9) this.#pass(this.#pick([10, 500, 2000, 20_000, 100_000, -50_000]));
    else if (dice < 0.95)
      this.#hear(this.play.take({ kind: "word", word: this.#pick(["promote", "promote-fully", "abort"] as const) }));
    else this.#restart();
  }

  #answer(name: string): void {
    this.#waiting.delete(name);
    const dice = this.#random();
    if (dice < 0.8) this.#hear(this.play.ack(name));
    else this.#hear(this.play.nack(name, dice < 0.85 ? "content" : "local", "disk"));
  }

  #leave(name: string): void {
    this.#gone(name);
    this.#hear(this.play.leave(name, this.#random() < 0.5));
  }

  #connect(name: string): void {
    this.#there.add(name);
    this.#hear(this.play.connect(name));
  }

  #pass(ms: number): void {
    this.#hear(this.play.at(Math.max(0, this.play.nowMs + ms)));
  }

  #restart(): void {
    const before = this.play;
    const { publication, proven, hold } = before.state;
    if (
      publication === undefined ||
      proven === undefined ||
      hold?.revision.sequence === publication.release.revision.sequence
    )
      return;
    const kept = keptStageOf(before.state, before.nowMs);
    const play = new Play();
    play.nowMs = before.nowMs + 1000;
    this.play = play;
    this.#waiting.clear();
    this.#there.clear();
    play.publish(proven, "proven");
    if (publication !== proven) play.publish(publication);
    if (kept !== undefined) play.take({ kind: "resume", kept: JSON.parse(JSON.stringify(kept)) as KeptStage });
    play.takeProxiesOf(before);
  }

  /** Everybody comes, takes what he is sent, and time goes by until nothing is waited for. */
  settle(): void {
    for (let round = 0; round < 200; round++) {
      for (const name of NAMES) if (!this.#there.has(name)) this.#connect(name);
      for (const name of [...this.#waiting]) {
        this.#waiting.delete(name);
        this.#hear(this.play.ack(name));
      }
      const dueMs = nextDueMs(this.play.state, this.play.nowMs);
      if (dueMs === undefined && this.#waiting.size === 0 && this.#there.size === NAMES.length) return;
      if (this.#waiting.size === 0) this.#hear(this.play.at(dueMs ?? this.play.nowMs + 1000));
    }
  }
}

function checkSaid({ state }: Play): void {
  for (const proxy of state.roster.proxies.values()) {
    const wanted = state.publication?.snapshots.get(proxy.workload);
    if (isInForce(state, proxy)) expect(proxy.holding.snapshotHash).toBe(wanted?.hash);
  }
  if (state.stage?.kind !== "canary") return;
  const { proven, publication, stage } = state;
  const unproven = publication?.release.revision.sequence ?? 0;
  for (const proxy of state.roster.proxies.values()) {
    const isCanary = stage.canaries.has(`${proxy.workload} ${proxy.instance}`);
    const { delivery } = proxy;
    if (delivery.kind !== "awaiting" || isCanary || delivery.revision.sequence < unproven) continue;
    expect(proven?.snapshots.get(proxy.workload)?.hash).toBe(delivery.hash);
  }
}

test.each(Array.from({ length: 150 }, (_, seed) => seed))("walk %i", (seed) => {
  const walk = new Walk(seed);
  for (let at = 0; at < 120; at++) {
    walk.step();
    checkSaid(walk.play);
  }
  // What is in force already would be taken as it is.
  walk.commit(false);
  walk.commit(true);
  walk.settle();
  checkSaid(walk.play);
  const { state } = walk.play;
  expect([walk.newest, state.stage, state.proven === state.publication]).toEqual(["A", undefined, true]);
  expect([...state.roster.proxies.values()].map(({ holding }) => holding.revision?.name)).toEqual(NAMES.map(() => "A"));
});
