/** Proxies that answer as a test has them answer, and what the distribution does about it, in words. */
import type { Hello, Holding, Nack, NackReason } from "@regomesh/protocol";
import { step } from "../distribution/distribution.ts";
import { HOLDS_NOTHING, makeMissing } from "../distribution/missing.ts";
import { type Publication, type Release, toPublication } from "../distribution/release.ts";
import {
  type Distribution,
  type DistributionEvent,
  type Effect,
  EMPTY_DISTRIBUTION,
  type Standing,
} from "../distribution/state.ts";

const missing = makeMissing();
const WORKLOADS = ["web", "orders", "payments"] as const;
const MODULE = "a".repeat(64);
export const principal = (name: string) => `spiffe://td/ns/default/sa/${name}`;

const certificateOf = (workload: string, notBeforeMs = 0) => ({
  serial: `5e${workload.length}`,
  principal: principal(workload),
  workload: `default/${workload}`,
  notBeforeMs,
});

export function makeRelease(
  sequence: number,
  name: string,
  names: readonly string[] = WORKLOADS,
  module = MODULE,
): Release {
  const workload = (each: string): Release["plan"]["workloads"][number] => ({
    name: each,
    namespace: "default",
    service: each,
    labels: {},
    principal: principal(each),
    inbound: [],
    policies: { inbound: { module, entrypoints: [] } },
    defaultVerdict: "deny",
    pathLevel: "BASE",
  });
  return {
    revision: { epoch: "e", sequence, name },
    plan: {
      mesh: { name: "m", trustDomain: "td" },
      workloads: names.map(workload),
      outbound: [],
      services: [],
      modules: [{ hash: module, wasm: new Uint8Array(), data: "{}" }],
    },
    source: "git main",
    builtAtMs: 0,
    issuedAtMs: 0,
    explainDenials: false,
  };
}

export const A = toPublication(makeRelease(1, "A"));
export const B = toPublication(makeRelease(2, "B"));
export const C = toPublication(makeRelease(3, "C"));

/** Plays events and tells what came of them: sends as `web:B`, closes as `web closed late`, holds as `held B`. */
export class Play {
  state: Distribution = EMPTY_DISTRIBUTION;
  nowMs = 0;
  readonly #ids = new Map<string, number>();
  readonly #names = new Map<number, string>();
  readonly #nonces = new Map<string, { nonce: string; hash: string; sequence: number; name: string }>();
  /** What each proxy has in force, as it will say. */
  readonly #inForce = new Map<string, Holding>();
  #lastId = 0;

  publish(publication: Publication, standing: Standing = "new"): readonly string[] {
    return this.take({ kind: "publish", publication, standing });
  }

  /** `web`, or `orders/2` for a second instance. */
  connect(proxy: string, more: Partial<Hello> = {}): readonly string[] {
    const [workload = ""] = proxy.split("/");
    const id = ++this.#lastId;
    this.#ids.set(proxy, id);
    this.#names.set(id, proxy);
    const hello = makeHello(workload, { instance: proxy, holding: this.#inForce.get(proxy), ...more });
    return this.take({
      kind: "connect",
      id,
      workload: `default/${workload}`,
      certificate: certificateOf(workload),
      hello,
    });
  }

  leave(proxy: string, isOrderly = false): readonly string[] {
    return this.take({ kind: "disconnect", id: this.#idOf(proxy), isOrderly });
  }

  ack(proxy: string): readonly string[] {
    const out = this.#out(proxy);
    const revision = { epoch: "e", sequence: out.sequence, name: out.name };
    const holding = { snapshotHash: out.hash, revision, contentHashes: [MODULE] };
    this.#inForce.set(proxy, holding);
    return this.take({ kind: "ack", id: this.#idOf(proxy), ack: { nonce: out.nonce, holding } });
  }

  nack(proxy: string, kind: "content" | "local", reason: NackReason = "listen_failed"): readonly string[] {
    const out = this.#out(proxy);
    const problems = [{ code: reason, message: "no" }];
    const nack: Nack = {
      nonce: out.nonce,
      hash: out.hash,
      class: kind,
      reason,
      problems,
      holding: this.#inForce.get(proxy),
    };
    return this.take({ kind: "nack", id: this.#idOf(proxy), nack });
  }

  at(nowMs: number): readonly string[] {
    this.nowMs = nowMs;
    return this.take({ kind: "tick" });
  }

  /** What another mesh's proxies have in force, they have here: these are they. */
  takeProxiesOf(other: Play): void {
    for (const [proxy, holding] of other.#inForce) this.#inForce.set(proxy, holding);
  }

  /** Of each connected proxy the revision that it says is in force. */
  inForce(): readonly string[] {
    return [...this.state.roster.proxies.values()].map(
      ({ instance, holding }) => `${instance}:${holding.revision?.name ?? "-"}`,
    );
  }

  take(event: DistributionEvent): readonly string[] {
    const { state, effects } = step(this.state, event, this.nowMs);
    this.state = state;
    return effects.map((effect) => this.#print(effect));
  }

  #print(effect: Effect): string {
    switch (effect.kind) {
      case "send": {
        const { sequence, name } = JSON.parse(new TextDecoder().decode(effect.snapshot.body)).revision;
        const proxy = this.#names.get(effect.id) ?? "";
        this.#nonces.set(proxy, { nonce: effect.nonce, hash: effect.snapshot.hash, sequence, name });
        const { modules } = missing(effect.snapshot.parts, effect.held ?? HOLDS_NOTHING);
        return `${proxy}:${name}${sequence}${modules.length > 0 ? "+module" : ""}`;
      }
      case "close":
        return `${this.#names.get(effect.id)} closed ${effect.reason}`;
      case "hold":
        return `held ${effect.hold.revision.name} by ${effect.hold.refusals.map(({ instance }) => instance).join(", ")}, back to ${effect.release?.revision.name ?? "nothing"}`;
      case "overtake":
        return `overtake ${effect.sequence}`;
    }
  }

  #idOf(proxy: string): number {
    return this.#ids.get(proxy) ?? 0;
  }

  #out(proxy: string) {
    const out = this.#nonces.get(proxy);
    if (out === undefined) throw new Error(`nothing was sent to ${proxy}`);
    return out;
  }
}

export function makeHello(workload: string, more: Partial<Hello>): Hello {
  return {
    workload,
    namespace: "default",
    instance: workload,
    moduleAbi: 1,
    snapshotFormats: [1],
    features: ["delta"],
    holding: undefined,
    listen: [{ portName: "http", address: "127.0.0.1", port: 80, transports: ["h1"] }],
    admin: "",
    ...more,
  };
}

/** Every proxy connected, and A in force on all of them. */
export function settled(...proxies: readonly string[]): Play {
  const play = new Play();
  play.publish(A);
  for (const proxy of proxies) {
    play.connect(proxy);
    play.ack(proxy);
  }
  return play;
}
