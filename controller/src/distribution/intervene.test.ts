/** An operator's word on a release under way, and a controller that starts anew in the middle of one. */
import { describe, expect, test } from "vitest";
import type { ReleaseRules } from "../snapshot/release-rules.ts";
import { A, makeRelease, Play, settled } from "../test/play.ts";
import { whyNoWord } from "./intervene.ts";
import { type KeptStage, keptStageOf } from "./kept-stage.ts";
import { type Publication, toPublication } from "./release.ts";

const RULES: ReleaseRules = {
  canary: { kind: "workloads", workloads: ["default/orders"] },
  bakeMs: 60_000,
  deadlineMs: 600_000,
  refusalsRiseMax: 5,
  failuresRiseMax: 5,
  requestsMin: 100,
};

function next(rules: Partial<ReleaseRules> = {}): Publication {
  const release = makeRelease(2, "B");
  return toPublication({ ...release, plan: { ...release.plan, rules: { ...RULES, ...rules } } });
}

/** The canary has it since one second, and is watched. */
function underWay(rules: Partial<ReleaseRules> = {}): Play {
  const play = settled("web", "orders", "payments");
  play.publish(next(rules));
  play.at(1000);
  play.ack("orders");
  return play;
}

const proven = ({ state }: Play) => state.proven?.release.revision.name;
const counted = (sequence: number, requests: number, refusals: number) => ({
  ...{ workload: "default/orders", epoch: "e", sequence, requests, refusals, failures: 0 },
});

describe("an operator's word", () => {
  test("to promote skips what remains of a stage", () => {
    const play = underWay();
    expect(play.take({ kind: "word", word: "promote" })).toEqual(["web:B2", "payments:B2"]);
    for (const each of ["web", "payments"]) play.ack(each);
    expect(proven(play)).toBe("A");
    play.take({ kind: "word", word: "promote" });
    expect(proven(play)).toBe("B");
    expect(whyNoWord(play.state, "promote")).toBe("no release is under way");
  });

  test("to promote fully skips all of them", () => {
    const play = underWay();
    expect(play.take({ kind: "word", word: "promote-fully" })).toEqual(["web:B2", "payments:B2"]);
    expect(whyNoWord(play.state, "promote")).toBe("everybody is given it, and it is not watched");
    for (const each of ["web", "payments"]) play.ack(each);
    expect(proven(play)).toBe("B");
  });

  test("to promote waits for no canary that is away", () => {
    const play = settled("web", "orders", "payments");
    play.leave("orders");
    play.publish(next());
    expect(play.take({ kind: "word", word: "promote" })).toEqual(["web:B2", "payments:B2"]);
  });

  test("to abort is about nothing where what is proven is the same revision, as after a rollback to it", () => {
    const play = underWay();
    const again = makeRelease(3, "A");
    play.publish(toPublication({ ...again, plan: { ...again.plan, rules: { ...RULES, bakeMs: 60_000 } } }));
    expect(whyNoWord(play.state, "abort")).toBe("what would be gone back to is A as well");
    expect(play.take({ kind: "word", word: "abort" })).toEqual([]);
  });

  test("to abort takes it back from all who have it", () => {
    const play = underWay();
    expect(play.take({ kind: "word", word: "abort" })).toEqual([
      "held B by , back to A",
      "web:A3",
      "orders:A3",
      "payments:A3",
    ]);
    play.ack("orders");
    expect(play.state.hold?.fault).toEqual({ code: "release_aborted", message: "an operator has aborted it" });
    expect(whyNoWord(play.state, "abort")).toBe("no release is under way");
  });

  test("is about the release that it names, and about none that is first or proven", () => {
    const play = underWay();
    expect(whyNoWord(play.state, "abort", "c0ffee0")).toBe("the release under way is B, not c0ffee0");
    expect(whyNoWord(play.state, "abort", "B")).toBeUndefined();
    const first = new Play();
    first.publish(A);
    first.connect("web");
    expect(whyNoWord(first.state, "abort")).toBe("it is the first release: there is nothing to go back to");
    const done = settled("web");
    expect(done.take({ kind: "word", word: "abort" })).toEqual([]);
    expect(proven(done)).toBe("A");
  });
});

/** A controller that has ended, and one that starts where it was kept; its proxies are still to come back. */
function restarted(before: Play, awayMs: number): Play {
  const kept = JSON.parse(JSON.stringify(keptStageOf(before.state, before.nowMs))) as KeptStage;
  const { publication } = before.state;
  const play = new Play();
  play.nowMs = before.nowMs + awayMs;
  play.publish(A, "proven");
  if (publication !== undefined) play.publish(publication);
  play.take({ kind: "resume", kept });
  play.takeProxiesOf(before);
  return play;
}

describe("a controller that starts anew in the middle of a release", () => {
  test("goes on with its canaries and what was left of the watch, not counting the time in between", () => {
    const before = underWay();
    before.at(31_000);
    const play = restarted(before, 100_000);
    expect(["web", "orders", "payments"].flatMap((each) => play.connect(each))).toEqual([]);
    expect(play.inForce()).toEqual(["web:A", "orders:B", "payments:A"]);
    expect(play.at(160_999)).toEqual([]);
    expect(play.at(161_000)).toEqual(["web:B2", "payments:B2"]);
  });

  test("waits for its canaries as long as it takes to be there for them", () => {
    const before = underWay();
    before.at(31_000);
    const play = restarted(before, 0);
    play.at(91_000);
    for (const each of ["web", "orders"]) play.connect(each);
    expect(play.at(120_999)).toEqual([]);
    expect(play.at(121_000)).toEqual(["web:B2"]);
  });

  test("gives it to everybody where everybody was given it", () => {
    const before = underWay();
    expect(before.at(61_000)).toEqual(["web:B2", "payments:B2"]);
    before.ack("web");
    const play = restarted(before, 1000);
    expect(["web", "orders", "payments"].flatMap((each) => play.connect(each))).toEqual(["payments:B2"]);
    play.ack("payments");
    expect(proven(play)).toBe("A");
    play.at(62_000 + 60_000);
    expect(proven(play)).toBe("B");
  });

  test("knows what was counted, and what an operator has said", () => {
    const before = settled("web", "orders", "payments");
    before.take({ kind: "traffic", counted: [counted(1, 1000, 10)] });
    before.publish(next());
    before.ack("orders");
    before.take({ kind: "traffic", counted: [counted(2, 60, 30)] });
    const play = restarted(before, 1000);
    play.connect("orders");
    expect(play.take({ kind: "traffic", counted: [counted(2, 60, 30)] })[0]).toMatch(/^held B/);
    const promoted = underWay();
    promoted.take({ kind: "word", word: "promote-fully" });
    expect(restarted(promoted, 1000).state.stage?.rules.bakeMs).toBe(0);
  });

  test("takes nothing of another release", () => {
    const before = underWay();
    const kept = keptStageOf(before.state, before.nowMs) as KeptStage;
    const play = settled("web", "orders", "payments");
    const release = makeRelease(2, "C");
    play.publish(toPublication({ ...release, builtAtMs: 77, plan: { ...release.plan, rules: RULES } }));
    const { stage } = play.state;
    play.take({ kind: "resume", kept: { ...kept, kind: "everyone" } });
    expect(play.state.stage).toEqual(stage);
    expect(keptStageOf(settled("web").state, 0)).toBeUndefined();
  });
});
