import { describe, expect, test } from "vitest";
import { AT_ONCE, type ReleaseRules } from "../snapshot/release-rules.ts";
import { makeRelease, Play, settled } from "../test/play.ts";
import { nextDueMs } from "./distribution.ts";
import { type Publication, toPublication } from "./release.ts";
import { believed } from "./stages.ts";
import { wanted, withheldFrom } from "./state.ts";

const RULES: ReleaseRules = {
  canary: { kind: "workloads", workloads: ["default/orders"] },
  bakeMs: 60_000,
  deadlineMs: 600_000,
  refusalsRiseMax: 5,
  failuresRiseMax: 5,
  requestsMin: 100,
};

function next(rules: Partial<ReleaseRules>, sequence = 2, name = "B", names?: readonly string[]): Publication {
  const release = makeRelease(sequence, name, names);
  return toPublication({ ...release, plan: { ...release.plan, rules: { ...RULES, ...rules } } });
}

const canaryOf = (sent: readonly string[]) => sent[0]?.split(":")[0] ?? "";

const counted = (workload: string, sequence: number, requests: number, refusals: number, failures = 0) => ({
  workload: `default/${workload}`,
  epoch: "e",
  sequence,
  requests,
  refusals,
  failures,
});

/** Three proxies at A, whose requests have met a refusal in a hundred so far. */
function settledWithTraffic(): Play {
  const play = settled("web", "orders", "payments");
  for (const workload of ["web", "orders", "payments"])
    play.take({ kind: "traffic", counted: [counted(workload, 1, 1000, 10)] });
  return play;
}

describe("canaries have a release first", () => {
  test("those with the labels; everybody else when they have had it for long enough", () => {
    const play = settled("web", "orders", "payments");
    expect(play.publish(next({}))).toEqual(["orders:B2"]);
    play.at(1000);
    expect(play.ack("orders")).toEqual([]);
    expect(play.inForce()).toEqual(["web:A", "orders:B", "payments:A"]);
    expect(play.at(60_999)).toEqual([]);
    expect(play.state.proven?.release.revision.name).toBe("A");
    expect(nextDueMs(play.state, play.nowMs)).toBe(61_000);
    expect(play.at(61_000)).toEqual(["web:B2", "payments:B2"]);
    for (const proxy of ["web", "payments"]) play.ack(proxy);
    expect(play.state.proven?.release.revision.name).toBe("A");
    play.at(121_000);
    expect(play.state.proven?.release.revision.name).toBe("B");
    expect(play.state.stage).toBeUndefined();
    expect(nextDueMs(play.state, play.nowMs)).toBeUndefined();
  });

  test("a percentage: so many proxies, one at least, the same ones however often it is asked", () => {
    const names = Array.from({ length: 10 }, (_, i) => `w${i}`);
    const play = new Play();
    play.publish(toPublication(makeRelease(1, "A", names)), "proven");
    for (const name of names) {
      play.connect(name);
      play.ack(name);
    }
    const canaries = play.publish(next({ canary: { kind: "percent", percent: 25 } }, 2, "B", names));
    expect(canaries).toHaveLength(3);
    for (const each of canaries) play.ack(each.split(":")[0] ?? "");
    expect(play.inForce().filter((each) => each.endsWith(":B"))).toHaveLength(3);
    expect(play.at(59_999)).toEqual([]);
    expect(play.at(60_000)).toHaveLength(7);
  });

  test("one that goes is replaced by another, and one that comes back to it is a canary still", () => {
    const play = settled("web", "orders", "payments");
    const [canary = ""] = play
      .publish(next({ canary: { kind: "percent", percent: 10 } }))
      .map((each) => each.split(":")[0]);
    play.ack(canary);
    const sent = play.leave(canary, true);
    expect(sent).toHaveLength(1);
    expect(play.connect(canary)).toEqual([]);
    expect(play.inForce()).toContain(`${canary}:B`);
  });

  test("one that breaks off with it is not replaced: a release that ends proxies would go through the mesh", () => {
    const play = settled("web", "orders", "payments");
    const canary = canaryOf(play.publish(next({ canary: { kind: "percent", percent: 10 } })));
    play.ack(canary);
    expect(play.leave(canary)).toEqual([]);
    expect(play.at(20_000)).toEqual([]);
    expect(play.state.stage).toMatchObject({ kind: "canary", takenAtMs: undefined });
    expect(nextDueMs(play.state, 320_000)).toBe(620_000);
    expect(play.at(620_000).at(0)).toBe("held B by , back to A");
  });

  test("nobody has it who has not been watched: with its last canary the watch ends, and begins again", () => {
    const play = settled("web", "orders", "payments");
    play.publish(next({}));
    play.ack("orders");
    play.at(30_000);
    play.leave("orders");
    expect(play.at(44_999)).toEqual([]);
    play.connect("orders");
    expect(play.state.stage).toMatchObject({ takenAtMs: 14_999, lostAtMs: undefined });
    play.at(50_000);
    play.leave("orders");
    // Not at its time while the canary is waited for, nor when it is not back.
    expect(play.at(60_000)).toEqual([]);
    expect(play.at(65_000)).toEqual([]);
    play.at(100_000);
    expect(play.connect("orders")).toEqual([]);
    expect(play.at(159_999)).toEqual([]);
    expect(play.at(160_000)).toEqual(["web:B2", "payments:B2"]);
  });

  test("by percentage nobody whose workload it takes out of the mesh", () => {
    const names = ["web", "orders", "payments"];
    const rules = { canary: { kind: "percent", percent: 10 } } as const;
    const gone = canaryOf(settled(...names).publish(next(rules)));
    const left = names.filter((name) => name !== gone);
    const play = settled(...names);
    const canary = canaryOf(play.publish(next(rules, 2, "B", left)));
    expect(left).toContain(canary);
    play.ack(canary);
    expect(play.at(60_000)).toContain(`${gone} closed not-a-member`);
  });

  test("a canary that the next commit takes out of the mesh holds up nothing, however often it asks", () => {
    const play = settled("web", "orders", "payments");
    play.publish(next({ canary: { kind: "workloads", workloads: ["default/orders", "default/web"] } }));
    for (const each of ["orders", "web"]) play.ack(each);
    const sent = play.publish(next({ deadlineMs: 60_000 }, 3, "C", ["orders", "payments"]));
    expect(sent).toEqual(["web closed not-a-member", "orders:C3"]);
    play.ack("orders");
    for (let atMs = 2000; atMs <= 60_000; atMs += 2000) {
      play.at(atMs);
      expect(play.connect("web")).toEqual(["web closed not-a-member"]);
    }
    expect(play.state.hold).toBeUndefined();
    expect(play.inForce()).toContain("orders:C");
    expect(play.state.stage?.kind).toBe("everyone");
  });

  test("of those that come under ever new names the last ones are remembered", () => {
    const play = settled("web", "orders");
    play.publish(next({}));
    for (let at = 0; at < 2500; at++) {
      play.connect(`orders/${at}`);
      play.leave(`orders/${at}`, true);
    }
    expect(play.state.stage?.canaries.size).toBeLessThanOrEqual(2000);
    expect(play.state.stage?.canaries).toContain("default/orders orders");
  });

  test("with neither canaries nor a time to watch it is proven as soon as everybody has it", () => {
    const play = settled("web", "orders");
    expect(play.publish(next({ canary: undefined, bakeMs: 0 }))).toEqual(["web:B2", "orders:B2"]);
    play.ack("web");
    play.ack("orders");
    expect(play.state.proven?.release.revision.name).toBe("B");
  });

  test("what comes meanwhile goes to those that have the one before already, and is watched anew", () => {
    const play = settled("web", "orders", "payments");
    play.publish(next({}));
    play.ack("orders");
    play.at(50_000);
    expect(play.publish(next({}, 3, "C"))).toEqual(["orders:C3"]);
    play.ack("orders");
    expect(play.at(60_000)).toEqual([]);
    expect(play.at(110_000)).toEqual(["web:C3", "payments:C3"]);
  });

  test("what comes while everybody is watched has its canaries too, and the one that everybody has to go back to", () => {
    const play = settled("web", "orders", "payments");
    play.publish(next({}));
    play.ack("orders");
    play.at(60_000);
    for (const proxy of ["web", "payments"]) play.ack(proxy);
    expect(play.publish(next({}, 3, "C"))).toEqual(["orders:C3"]);
    expect(play.nack("orders", "content", "policy_bad_module").at(0)).toBe("held C by orders, back to B");
  });

  test("a canary that has the one before stays one where the next names others", () => {
    const play = settled("web", "orders", "payments");
    play.publish(next({}));
    play.ack("orders");
    const canary = { kind: "workloads", workloads: ["default/web"] } as const;
    expect(play.publish(next({ canary }, 3, "C"))).toEqual(["web:C3", "orders:C3"]);
  });

  test("an operator's pin, and a first release, are for everybody at once", () => {
    const play = settled("web", "orders");
    const pinned = next({});
    expect(play.publish({ ...pinned, release: { ...pinned.release, isPinned: true } })).toEqual([
      "web:B2",
      "orders:B2",
    ]);
    const first = new Play();
    first.publish(next({}, 1, "A"));
    expect(first.connect("web")).toEqual(["web:A1+module"]);
  });

  test("while they have it a workload that it takes away stays, and one that it brings may join", () => {
    const play = settled("web", "orders", "payments");
    expect(play.publish(next({}, 2, "B", ["orders", "payments", "mail"]))).toEqual(["orders:B2"]);
    expect(wanted(play.state, "default/web")).toBeDefined();
    expect(play.connect("mail")).toEqual(["mail:B2+module"]);
    for (const proxy of ["orders", "mail"]) play.ack(proxy);
    expect(play.at(60_000)).toEqual(["web closed not-a-member", "payments:B2"]);
  });
});

describe("a release that its canaries show to be wrong is taken back", () => {
  test("by one that refuses its content: nobody else is sent it", () => {
    const play = settled("web", "orders", "payments");
    play.publish(next({}));
    expect(play.nack("orders", "content", "policy_bad_module").at(0)).toBe("held B by orders, back to A");
  });

  test("not by one that says of itself that it has a later revision, until another says the same", () => {
    const play = settled("web", "orders", "payments");
    play.publish(next({}));
    play.leave("payments");
    const revision = { epoch: "e", sequence: 2, name: "B" };
    const holding = { snapshotHash: "f".repeat(64), revision, contentHashes: [] };
    expect(play.connect("payments", { holding })).toEqual(["payments:B2+module"]);
    expect(play.nack("payments", "content", "policy_bad_module")).toEqual([]);
    expect(play.nack("orders", "content", "policy_bad_module").at(0)).toMatch(/^held B by /);
  });

  test("not by what proxies tell of it that have not got it", () => {
    const play = settledWithTraffic();
    play.publish(next({}));
    play.ack("orders");
    const worse = (workload: string) => [counted(workload, 1, 10, 0), counted(workload, 2, 1000, 1000)];
    const ofWeb = believed(play.state, { workload: "default/web", instance: "web" }, worse("web"));
    expect(ofWeb).toEqual([counted("web", 1, 10, 0)]);
    expect(believed(play.state, { workload: "default/orders", instance: "x" }, worse("orders"))).toHaveLength(1);
    expect(believed(play.state, { workload: "default/orders", instance: "orders" }, worse("orders"))).toHaveLength(2);
    expect(believed(settled("web").state, { workload: "default/web", instance: "web" }, worse("web"))).toHaveLength(2);
  });

  test("held against what was proven, not against one in between that was not", () => {
    const play = settledWithTraffic();
    play.publish(next({}));
    play.ack("orders");
    play.publish(next({}, 3, "C"));
    play.take({ kind: "traffic", counted: [counted("orders", 2, 1000, 900)] });
    play.ack("orders");
    expect(play.state.traffic.before.get("default/orders")).toEqual({ requests: 1000, refusals: 10, failures: 0 });
    expect(play.take({ kind: "traffic", counted: [counted("orders", 3, 100, 40)] }).at(0)).toMatch(/^held C/);
  });

  test("by refusals that rose, against what the same workload had before", () => {
    const play = settledWithTraffic();
    play.publish(next({}));
    play.ack("orders");
    const take = (requests: number, refusals: number) =>
      play.take({ kind: "traffic", counted: [counted("orders", 2, requests, refusals)] });
    expect(take(99, 40)).toEqual([]);
    const told = take(1, 0);
    expect(told.at(0)).toBe("held B by , back to A");
    expect(told).toContain("orders:A3");
    expect(play.state.hold?.fault).toEqual({
      code: "release_refusals",
      message: "workload default/orders: 40.0 % of 100 requests are refused, 1.0 % were before",
    });
    expect(play.state.stage).toBeUndefined();
    // What it did to requests is nothing that the next one is held against.
    expect(play.state.traffic.now.size).toBe(0);
    play.take({ kind: "traffic", counted: [counted("orders", 2, 1000, 1000)] });
    expect(play.state.traffic.before.get("default/orders")).toEqual({ requests: 1000, refusals: 10, failures: 0 });
  });

  test("by failures that rose a little at each of many, though none had many requests", () => {
    const play = settledWithTraffic();
    play.publish(next({ canary: { kind: "workloads", workloads: ["default/web", "default/orders"] } }));
    for (const proxy of ["web", "orders"]) play.ack(proxy);
    expect(play.take({ kind: "traffic", counted: [counted("web", 2, 60, 0, 12)] })).toEqual([]);
    const [told] = play.take({ kind: "traffic", counted: [counted("orders", 2, 60, 0, 12)] });
    expect(told).toBe("held B by , back to A");
    expect(play.state.hold?.fault?.message).toBe(
      "all that has it: 20.0 % of 120 requests are failing, 0.0 % were before",
    );
  });

  test("not by chance, not by what others meet, and not by a workload that nobody asked before", () => {
    const play = settledWithTraffic();
    play.publish(next({}));
    play.ack("orders");
    // Seven of a hundred, where one was expected and six more may be, are within three standard errors.
    play.take({ kind: "traffic", counted: [counted("orders", 2, 100, 3)] });
    play.take({ kind: "traffic", counted: [counted("web", 1, 1000, 900)] });
    play.take({ kind: "traffic", counted: [counted("mail", 2, 1000, 1000)] });
    play.take({ kind: "traffic", counted: [{ ...counted("orders", 2, 1000, 1000), epoch: "another" }] });
    expect(play.state.hold).toBeUndefined();
  });

  test("not at all where it is watched for no time, however long the last one takes to answer", () => {
    const play = settledWithTraffic();
    play.publish(next({ canary: undefined, bakeMs: 0 }));
    for (const proxy of ["web", "orders"]) play.ack(proxy);
    play.take({ kind: "traffic", counted: [counted("orders", 2, 1000, 900, 100)] });
    expect(play.state.hold).toBeUndefined();
    expect(play.state.stage?.kind).toBe("everyone");
  });

  test("by what it does to everybody, while it is watched there", () => {
    const play = settledWithTraffic();
    play.publish(next({ canary: undefined }));
    for (const proxy of ["web", "orders", "payments"]) play.ack(proxy);
    const worse = { kind: "traffic", counted: [counted("payments", 2, 500, 500)] } as const;
    expect(play.take(worse).slice(0, 4)).toEqual(["held B by , back to A", "web:A3", "orders:A3", "payments:A3"]);
  });

  test("not any more once it is proven", () => {
    const play = settledWithTraffic();
    play.publish(next({ canary: undefined }));
    for (const proxy of ["web", "orders", "payments"]) play.ack(proxy);
    play.at(60_000);
    expect(play.take({ kind: "traffic", counted: [counted("payments", 2, 500, 500)] })).toEqual([]);
    expect(play.state.hold).toBeUndefined();
  });

  test("by its deadline, where no canary is there or none has got it; not while nobody is there at all", () => {
    const play = settled("web", "payments");
    play.publish(next({}));
    for (const proxy of ["web", "payments"]) play.leave(proxy);
    play.at(1_000_000);
    expect(play.state.hold).toBeUndefined();
    play.connect("web");
    expect(nextDueMs(play.state, 1_300_000)).toBe(1_600_000);
    expect(play.at(1_599_999)).toEqual([]);
    expect(play.at(1_600_000).at(0)).toBe("held B by , back to A");
    expect(play.state.hold?.fault).toEqual({
      code: "release_deadline",
      message: "no canary was connected within 600 s",
    });
  });

  test("by its deadline, where its machine cannot take it, with what that says", () => {
    const play = settled("web", "orders");
    play.publish(next({ deadlineMs: 5000 }));
    play.nack("orders", "local", "disk");
    const told: string[] = [];
    for (let due = nextDueMs(play.state, 0); due !== undefined && due <= 5000; due = nextDueMs(play.state, due)) {
      told.push(...play.at(due));
      if (told.at(-1) === "orders:B2") play.nack("orders", "local", "disk");
      if (play.state.hold !== undefined) break;
    }
    expect(play.state.hold?.fault?.message).toBe("canary default/orders has not got it (disk) within 5 s");
  });

  test("a proxy that was to try what is no longer for it again has nobody look all the time", () => {
    const play = settled("web", "orders");
    play.publish(next({ canary: undefined }));
    play.nack("web", "local", "disk");
    play.ack("orders");
    expect(play.publish(next({}, 3, "C"))).toEqual(["orders:C3"]);
    play.ack("orders");
    expect(play.at(500)).toEqual([]);
    expect(nextDueMs(play.state, 500)).toBe(60_000);
  });

  test("rules that are none change nothing of how a release goes", () => {
    const play = settled("web");
    expect(play.publish(next({ ...AT_ONCE }))).toEqual(["web:B2"]);
    play.ack("web");
    expect(play.state.proven?.release.revision.name).toBe("B");
  });
});

describe("what a proxy could not enforce is withheld from it", () => {
  const denying = () => {
    const release = makeRelease(2, "B");
    return toPublication({ ...release, plan: { ...release.plan, mesh: { ...release.plan.mesh, behindMaxMs: 1000 } } });
  };

  test("by its features: it keeps what it has, holds nobody up, and gets what it can", () => {
    const play = settled("web", "orders");
    play.connect("orders", { features: ["delta", "staleness"] });
    expect(play.publish(denying())).toEqual(["orders:B2"]);
    play.ack("orders");
    const [web, orders] = ["web", "orders"].map((name) =>
      [...play.state.roster.proxies.values()].find(({ instance }) => instance === name),
    );
    expect(web && withheldFrom(play.state, web)).toEqual(["staleness"]);
    expect(orders && withheldFrom(play.state, orders)).toEqual([]);
    expect(play.inForce()).toEqual(["web:A", "orders:B"]);
    expect(play.state.proven?.release.revision.name).toBe("B");
    expect(play.publish(toPublication(makeRelease(3, "C")))).toEqual(["web:C3", "orders:C3"]);
  });
});
