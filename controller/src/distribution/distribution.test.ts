import { ANSWER_WITHIN_MS } from "@regomesh/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { A, B, C, makeHello, makeRelease, Play, principal, settled } from "../test/play.ts";
import { nextDueMs } from "./distribution.ts";
import { toPublication } from "./release.ts";
import { claimsOf, LEASE_MS, LOST_MS, ORDERLY_LEASE_MS } from "./roster.ts";
import { ON_THEIR_WAY_MAX } from "./sending.ts";
import { EMPTY_DISTRIBUTION, wanted } from "./state.ts";

describe("one snapshot is on its way at a time", () => {
  test("a revert while an answer is out ends on the revert, and status never says otherwise", () => {
    const play = settled("web");
    expect(play.publish(B)).toEqual(["web:B2"]);
    expect(play.publish(toPublication(makeRelease(3, "A")))).toEqual([]);
    expect(play.inForce()).toEqual(["web:A"]);
    expect(play.ack("web")).toEqual(["web:A3"]);
    expect(play.inForce()).toEqual(["web:B"]);
    expect(play.ack("web")).toEqual([]);
    expect(play.inForce()).toEqual(["web:A"]);
  });

  test("what is missing is judged by the last answer: a module that was dropped is sent again", () => {
    const play = new Play();
    play.publish(A);
    expect(play.connect("web")).toEqual(["web:A1+module"]);
    play.ack("web");
    expect(play.publish(B)).toEqual(["web:B2"]);
    expect(play.nack("web", "local", "policy_missing")).toEqual([]);
    play.leave("web");
    expect(play.connect("web", { holding: undefined })).toEqual(["web:B2+module"]);
  });

  test("of many commits while an answer is out the last one is sent", () => {
    const play = settled("web");
    expect(play.publish(B)).toEqual(["web:B2"]);
    for (let sequence = 3; sequence < 30; sequence++) play.publish(toPublication(makeRelease(sequence, "x")));
    expect(play.publish(toPublication(makeRelease(30, "Z")))).toEqual([]);
    expect(play.ack("web")).toEqual(["web:Z30"]);
  });

  test("an answer that does not come in time closes the stream, and the proxy is away", () => {
    const play = settled("web", "orders");
    expect(play.publish(B)).toEqual(["web:B2", "orders:B2"]);
    play.ack("orders");
    expect(nextDueMs(play.state, play.nowMs)).toBe(ANSWER_WITHIN_MS);
    expect(play.at(ANSWER_WITHIN_MS)).toEqual(["web closed late"]);
    expect(play.inForce()).toEqual(["orders:B"]);
    expect(play.state.roster.gone.map(({ instance }) => instance)).toEqual(["web"]);
    expect(play.connect("web")).toEqual(["web:B2"]);
  });

  test("an answer to nothing changes nothing", () => {
    const play = settled("web");
    const before = play.state;
    expect(play.ack("web")).toEqual([]);
    expect(play.state).toEqual(before);
  });

  test("an ACK of what is not in force counts as a refusal, not as in force", () => {
    const play = settled("web");
    play.publish(B);
    const delivery = [...play.state.roster.proxies.values()][0]?.delivery;
    const nonce = delivery?.kind === "awaiting" ? delivery.nonce : "";
    const holding = { snapshotHash: "", revision: undefined, contentHashes: [] };
    expect(play.take({ kind: "ack", id: 1, ack: { nonce, holding } })).toEqual([]);
    expect(play.inForce()).toEqual(["web:-"]);
    expect(play.at(500)).toEqual(["web:B2+module"]);
  });
});

describe("of very many proxies", () => {
  test("so many are sent a snapshot at once, and each answer makes room for another", () => {
    const count = ON_THEIR_WAY_MAX + 3;
    // Replicas of a few workloads, for as many as a workload may have.
    const names = Array.from({ length: Math.ceil(count / 64) }, (_, i) => `w${i}`);
    const play = new Play();
    play.publish(toPublication(makeRelease(1, "A", names)), "proven");
    const proxies = Array.from({ length: count }, (_, i) => `${names[Math.floor(i / 64)]}/${i}`);
    const sent = proxies.flatMap((proxy) => play.connect(proxy));
    expect(sent).toHaveLength(ON_THEIR_WAY_MAX);
    const rest: string[] = [];
    for (const proxy of proxies.slice(0, 3)) rest.push(...play.ack(proxy));
    expect(rest).toEqual(proxies.slice(-3).map((proxy) => `${proxy}:A1+module`));
  });
});

describe("a release that is wrong is held", () => {
  test("by a second proxy that refuses its content: everyone is back on what was proven", () => {
    const play = settled("web", "orders", "payments");
    expect(play.publish(B)).toEqual(["web:B2", "orders:B2", "payments:B2"]);
    expect(play.ack("web")).toEqual([]);
    expect(play.nack("orders", "content", "policy_missing_builtin")).toEqual([]);
    expect(play.nack("payments", "content", "policy_missing_builtin")).toEqual([
      "held B by orders, payments, back to A",
      "web:A3",
      "orders:A3",
      "payments:A3",
    ]);
    for (const proxy of ["web", "orders", "payments"]) play.ack(proxy);
    expect(play.inForce()).toEqual(["web:A", "orders:A", "payments:A"]);
    expect(play.state.hold?.refusals.map(({ workload, reason }) => [workload, reason])).toEqual([
      ["default/orders", "policy_missing_builtin"],
      ["default/payments", "policy_missing_builtin"],
    ]);
    expect(play.publish(toPublication(makeRelease(4, "C")))).toEqual(["web:C4", "orders:C4", "payments:C4"]);
    expect(play.state.hold).toBeUndefined();
  });

  test("not by two streams of one identity, which may be stolen", () => {
    const play = settled("web", "orders", "orders/2");
    play.publish(B);
    play.nack("orders", "content", "policy_bad_module");
    expect(play.nack("orders/2", "content", "policy_bad_module")).toEqual([]);
    expect(play.ack("web")).toEqual([]);
    expect(play.inForce()).toEqual(["web:B", "orders:A", "orders/2:A"]);
  });

  test("by two replicas where the mesh has no other identity, and one that is still busy with it goes back afterwards", () => {
    const play = new Play();
    const only = (sequence: number, name: string) => toPublication(makeRelease(sequence, name, ["orders"]));
    const replicas = ["orders", "orders/2", "orders/3"];
    play.publish(only(1, "A"));
    for (const proxy of replicas) {
      play.connect(proxy);
      play.ack(proxy);
    }
    play.publish(only(2, "B"));
    play.nack("orders", "content", "policy_bad_module");
    expect(play.nack("orders/2", "content", "policy_bad_module")).toEqual([
      "held B by orders, orders/2, back to A",
      "orders:A3",
      "orders/2:A3",
    ]);
    expect(play.ack("orders/3")).toEqual(["orders/3:A3"]);
  });

  test("not by one proxy alone: it is named, and the others go on", () => {
    const play = settled("web", "orders");
    play.publish(B);
    expect(play.nack("orders", "content", "policy_bad_module")).toEqual([]);
    expect(play.ack("web")).toEqual([]);
    expect(play.inForce()).toEqual(["web:B", "orders:A"]);
    expect(play.at(60_000)).toEqual([]);
    expect([...play.state.roster.proxies.values()].map(({ refusal }) => refusal?.reason)).toEqual([
      undefined,
      "policy_bad_module",
    ]);
  });

  test("by one proxy where the controller's own check says the same", () => {
    const release = makeRelease(2, "bad");
    const [web, ...others] = release.plan.workloads;
    if (web === undefined) throw new Error("no workload");
    const inbound = { name: "http", protocol: "http", mode: "strict" } as const;
    const listen = { address: "127.0.0.1", port: 0 };
    const twice = { ...inbound, listen, application: listen };
    const bad = { ...release, plan: { ...release.plan, workloads: [{ ...web, inbound: [twice, twice] }, ...others] } };
    const play = settled("web", "orders");
    play.publish(toPublication(bad));
    play.ack("orders");
    expect(play.nack("web", "content", "snapshot_reference")).toEqual([
      "held bad by web, back to A",
      "web:A3",
      "orders:A3",
    ]);
  });

  test("with nothing to go back to, nobody else is sent it", () => {
    const play = new Play();
    play.publish(B);
    play.connect("web");
    play.connect("orders");
    play.nack("web", "content", "policy_bad_module");
    expect(play.nack("orders", "content", "policy_bad_module")).toEqual(["held B by web, orders, back to nothing"]);
    expect(play.connect("payments")).toEqual([]);
    expect(play.publish(C)).toEqual(["web:C3+module", "orders:C3+module", "payments:C3+module"]);
  });

  test("never once it was in force everywhere: two that come later with less are only named", () => {
    const play = settled("web");
    play.connect("orders");
    play.connect("payments");
    play.nack("orders", "content", "policy_missing_builtin");
    expect(play.nack("payments", "content", "policy_missing_builtin")).toEqual([]);
    expect(play.inForce()).toEqual(["web:A", "orders:-", "payments:-"]);
  });

  test("goes back to the last that was proven, over others that never were", () => {
    const play = settled("web", "orders");
    play.publish(B);
    play.publish(C);
    play.ack("web");
    play.ack("orders");
    play.nack("web", "content", "policy_bad_module");
    expect(play.nack("orders", "content", "policy_bad_module")).toEqual([
      "held C by web, orders, back to A",
      "web:A4",
      "orders:A4",
    ]);
  });
});

describe("what is gone back to", () => {
  test("a number that a proxy makes go on proves nothing: the release can still be held", () => {
    const play = settled("web", "orders");
    play.publish(B);
    const revision = { epoch: "e", sequence: 9, name: "?" };
    const holding = { snapshotHash: "f".repeat(64), revision, contentHashes: [] };
    expect(play.connect("payments", { holding })).toContain("overtake 10");
    play.ack("web");
    expect(play.publish(toPublication(makeRelease(10, "B")), "again")).toEqual(["web:B10"]);
    play.nack("orders", "content", "policy_bad_module");
    play.ack("web");
    expect(play.state.proven?.release.revision.name).toBe("A");
    for (const proxy of ["orders", "payments"]) play.nack(proxy, "content", "policy_bad_module");
    expect(play.nack("payments", "content", "policy_bad_module").at(0)).toBe("held B by orders, payments, back to A");
  });

  test("what is held and stands alone stays held under another number", () => {
    const play = new Play();
    play.publish(B);
    for (const proxy of ["web", "orders"]) play.connect(proxy);
    for (const proxy of ["web", "orders"]) play.nack(proxy, "content", "policy_bad_module");
    expect(play.publish(toPublication(makeRelease(9, "B")), "again")).toEqual([]);
    expect(play.connect("payments")).toEqual([]);
  });

  test("one proxy that refuses everything alone keeps nobody at what was before it", () => {
    const play = settled("web", "orders", "payments");
    for (let sequence = 2; sequence < 6; sequence++) {
      play.publish(toPublication(makeRelease(sequence, `r${sequence}`)));
      for (const proxy of ["web", "orders"]) play.ack(proxy);
      play.nack("payments", "content", "policy_bad_module");
    }
    play.publish(toPublication(makeRelease(6, "bad")));
    play.nack("payments", "content", "policy_bad_module");
    expect(play.nack("orders", "content", "policy_bad_module").at(0)).toBe("held bad by orders, payments, back to r5");
  });

  test("a controller started anew waits for the proxies that it knew before the first one back proves anything", () => {
    const play = settled("web", "orders", "payments");
    play.publish(B);
    play.ack("web");
    const known = ["web", "orders", "payments"].map((name) => {
      return { workload: `default/${name}`, instance: name, principal: principal(name), heardMs: 0 };
    });
    play.state = EMPTY_DISTRIBUTION;
    play.publish(A, "proven");
    play.publish(B);
    play.take({ kind: "remember", proxies: known });
    expect(play.connect("web")).toEqual([]);
    expect(play.state.proven).toBe(A);
    for (const proxy of ["orders", "payments"]) play.connect(proxy);
    play.nack("orders", "content", "policy_bad_module");
    expect(play.nack("payments", "content", "policy_bad_module").at(0)).toBe("held B by orders, payments, back to A");
  });

  test("it waits no longer than they need to come back", () => {
    const play = settled("web", "orders");
    play.leave("orders");
    play.publish(B);
    play.ack("web");
    expect(play.state.proven).toBe(A);
    play.at(LEASE_MS);
    expect(play.state.proven).toBe(A);
    play.at(nextDueMs(play.state, LEASE_MS) ?? 0);
    expect(play.state.proven).toBe(B);
    expect(nextDueMs(play.state, play.nowMs)).toBe(LEASE_MS + LOST_MS);
  });

  test("a proxy that is ahead each time it comes makes the numbers go on so often and no more", () => {
    const play = settled("orders");
    let overtakes = 0;
    for (let sequence = 10; sequence < 2000; sequence += 10) {
      const revision = { epoch: "e", sequence, name: "?" };
      const told = play.connect("web", { holding: { snapshotHash: "", revision, contentHashes: [] } });
      overtakes += told.filter((each) => each.startsWith("overtake")).length;
    }
    expect(overtakes).toBe(64);
  });
});

describe("a machine that is wrong is named", () => {
  test("a local refusal holds nobody, and is tried again, less and less often", () => {
    const play = settled("web", "orders");
    play.publish(B);
    play.ack("web");
    expect(play.nack("orders", "local", "disk")).toEqual([]);
    expect(play.state.proven?.release.revision.name).toBe("B");
    expect(play.inForce()).toEqual(["web:B", "orders:A"]);
    expect(play.at(499)).toEqual([]);
    expect(play.at(500)).toEqual(["orders:B2"]);
    play.nack("orders", "local", "disk");
    expect(play.at(1499)).toEqual([]);
    expect(play.at(1500)).toEqual(["orders:B2"]);
    play.ack("orders");
    expect(play.inForce()).toEqual(["web:B", "orders:B"]);
    expect([...play.state.roster.proxies.values()].every(({ refusal }) => refusal === undefined)).toBe(true);
  });

  test("any number of local refusals, of any proxies, hold nothing", () => {
    const play = settled("web", "orders", "payments");
    play.publish(B);
    play.ack("web");
    play.nack("orders", "local", "listen_failed");
    expect(play.nack("payments", "local", "memory")).toEqual([]);
    expect(play.state.publication).toBe(B);
  });

  test("what is newer is sent at once, whatever was refused before", () => {
    const play = settled("web");
    play.publish(B);
    play.nack("web", "local", "disk");
    expect(play.publish(C)).toEqual(["web:C3"]);
  });
});

test("whatever happens: one answer out at a time, and once all are given everyone has what is wanted", () => {
  const proxy = fc.constantFrom("web", "orders", "orders/2", "payments");
  const happening = fc.oneof(
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("publish" as const) }) },
    { weight: 6, arbitrary: fc.record({ kind: fc.constantFrom("ack" as const, "local" as const), proxy }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("leave" as const, "connect" as const), proxy }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(3000) }) },
  );
  const run = (happenings: readonly (typeof happening extends fc.Arbitrary<infer T> ? T : never)[]) => {
    const play = settled("web", "orders", "orders/2", "payments");
    const out = new Set<string>();
    const note = (told: readonly string[]) => {
      for (const each of told) {
        const [name = ""] = each.split(":");
        if (each.includes(" closed ")) out.delete(each.split(" ")[0] ?? "");
        if (each.includes(" ")) continue;
        expect(out.has(name)).toBe(false);
        out.add(name);
      }
    };
    let sequence = 1;
    for (const each of happenings) {
      if (each.kind === "publish") note(play.publish(toPublication(makeRelease(++sequence, `r${sequence}`))));
      else if (each.kind === "wait") note(play.at(play.nowMs + each.ms));
      else if (each.kind === "leave") {
        out.delete(each.proxy);
        note(play.leave(each.proxy));
      } else if (each.kind === "connect") note(play.connect(each.proxy));
      else if (out.delete(each.proxy))
        note(each.kind === "ack" ? play.ack(each.proxy) : play.nack(each.proxy, "local"));
    }
    for (let turn = 0; turn < 10; turn++) {
      for (const name of [...out]) if (out.delete(name)) note(play.ack(name));
      note(play.at(play.nowMs + 30_000 / 10));
    }
    for (let turn = 0; turn < 20 && out.size + (nextDueMs(play.state, play.nowMs) ?? 0) > 0; turn++) {
      for (const name of [...out]) if (out.delete(name)) note(play.ack(name));
      note(play.at(Math.max(play.nowMs, nextDueMs(play.state, play.nowMs) ?? 0)));
    }
    for (const { workload, holding } of play.state.roster.proxies.values()) {
      expect(holding.snapshotHash).toBe(wanted(play.state, workload)?.hash);
    }
  };
  void fc.assert(fc.property(fc.array(happening, { maxLength: 60 }), run), { numRuns: 200 });
});

describe("who is there", () => {
  test("replicas each count, and each is sent what is wanted", () => {
    const play = settled("orders", "orders/2");
    expect(play.publish(B)).toEqual(["orders:B2", "orders/2:B2"]);
    play.ack("orders");
    expect(play.inForce()).toEqual(["orders:B", "orders/2:A"]);
    expect(claimsOf(play.state.roster).length).toBe(2);
  });

  test("a proxy's second stream takes the first one's place", () => {
    const play = settled("web");
    expect(play.connect("web")).toEqual(["web closed replaced"]);
    expect(play.inForce()).toEqual(["web:A"]);
    expect(play.state.roster.gone).toEqual([]);
  });

  test("an endpoint outlives a broken stream by its lease, an orderly end by less", () => {
    const play = settled("web", "orders");
    play.leave("web");
    play.leave("orders", true);
    expect(claimsOf(play.state.roster).map(({ workload }) => workload)).toEqual(["default/web", "default/orders"]);
    play.at(ORDERLY_LEASE_MS);
    expect(claimsOf(play.state.roster).map(({ workload }) => workload)).toEqual(["default/web"]);
    play.at(LEASE_MS);
    expect(claimsOf(play.state.roster)).toEqual([]);
  });

  test("a proxy that was started anew stands in for the one that is gone", () => {
    const play = settled("web", "orders");
    play.leave("web");
    play.connect("web/2");
    expect(play.state.roster.gone).toEqual([]);
    expect(claimsOf(play.state.roster).map(({ instance }) => instance)).toEqual(["orders", "web/2"]);
  });

  test("a workload that a revision takes away loses its stream, and so does one whose identity changes", () => {
    const play = settled("web", "orders");
    expect(play.publish(toPublication(makeRelease(2, "B", ["orders"])))).toEqual([
      "web closed not-a-member",
      "orders:B2",
    ]);
    expect(wanted(play.state, "default/web")).toBeUndefined();
  });

  test("a hello that names another proxy ends the stream", () => {
    const play = settled("web");
    expect(play.take({ kind: "hello", id: 1, hello: makeHello("orders", {}) })).toEqual(["web closed another-proxy"]);
  });

  test("more proxies of one workload than it can have are turned away", () => {
    const play = settled("web");
    for (let i = 1; i < 64; i++) play.connect(`web/${i}`);
    expect(play.connect("web/64")).toEqual(["web/64 closed too-many"]);
    expect(play.state.roster.proxies.size).toBe(64);
  });

  test("a release that is taken back after a start has a number that none had before that start", () => {
    const play = settled("web", "orders");
    play.take({ kind: "given", sequence: 40 });
    play.publish(B);
    play.nack("web", "content", "policy_bad_module");
    play.nack("orders", "content", "policy_bad_module");
    expect([play.state.publication?.release.revision.sequence, play.state.given]).toEqual([41, 41]);
  });

  test("a controller that knows less than its proxies goes on from their number", () => {
    const play = new Play();
    play.publish(A, "again");
    const holding = {
      snapshotHash: "b".repeat(64),
      revision: { epoch: "e", sequence: 57, name: "x" },
      contentHashes: [],
    };
    expect(play.connect("web", { holding })).toEqual(["overtake 58", "web:A1+module"]);
    const revision = { epoch: "other", sequence: 57, name: "x" };
    expect(play.connect("orders", { holding: { ...holding, revision } })).toEqual(["orders:A1+module"]);
    expect(
      play.connect("payments", { holding: { ...holding, revision: { ...revision, epoch: "e", sequence: 2 ** 50 } } }),
    ).toEqual(["payments:A1+module"]);
  });
});
