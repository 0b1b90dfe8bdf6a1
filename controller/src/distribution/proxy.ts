/**
 * One proxy's stream, as a value.
 *
 * settled --send--> awaiting --ACK--> settled
 *                   awaiting --NACK, content--> refused: not sent again
 *                   awaiting --NACK, local--> retrying: sent again after a while
 *                   awaiting --no answer in time--> the stream is closed
 *
 * One snapshot is on its way at a time; what is wanted meanwhile is sent after the answer.
 * Answers carry the nonce of what they answer; one that answers nothing is ignored. What is
 * in force is what the proxy says: in its hello, in every ACK and NACK.
 */
import { clip as clipText } from "@regomesh/base";
import {
  type Ack,
  ANSWER_WITHIN_MS,
  type Hello,
  type Holding,
  type ListenAddress,
  type Nack,
  type NackClass,
  type NackReason,
  parseNackClass,
  parseNackReason,
  type RevisionId,
  type ShownCertificate,
  splitDigests,
} from "@regomesh/protocol";
import { type Held, HOLDS_NOTHING } from "./missing.ts";
import type { PackedSnapshot } from "./release.ts";

/** Names one stream while it is open; streams to come have greater ones. */
export type StreamId = number;

export type ProxyStream = {
  readonly id: StreamId;
  /** `namespace/name` */
  readonly workload: string;
  /** The process: a proxy that is started anew is another instance. */
  readonly instance: string;
  /** SPIFFE ID that it has proven. */
  readonly principal: string;
  /** By which it has proven that. */
  readonly certificate: ShownCertificate;
  readonly listen: readonly ListenAddress[];
  readonly admin: string;
  readonly holding: Holding;
  /** What it says that it can do beyond the format. */
  readonly features: readonly string[];
  /** It takes snapshots as contents; false: in one body. */
  readonly takesDelta: boolean;
  /** Contents that it has; nothing of one that takes no delta. */
  readonly held: Held;
  readonly delivery: Delivery;
  /** Its last refusal, until it takes what it is sent. */
  readonly refusal: Refusal | undefined;
  readonly openedAtMs: number;
  /** When it was last heard on this stream. */
  readonly heardMs: number;
  /** Milliseconds from the sending of the snapshot in force to its ACK. */
  readonly ackTookMs: number | undefined;
  /** When it said that the revision that it has came in force, on this stream. */
  readonly inForceAtMs: number | undefined;
};

export type Delivery =
  | { readonly kind: "settled" }
  | ({
      readonly kind: "awaiting";
      readonly nonce: string;
      readonly sentAtMs: number;
      readonly untilMs: number;
      readonly snapshot: PackedSnapshot;
    } & Sent)
  | { readonly kind: "refused"; readonly hash: string }
  | { readonly kind: "retrying"; readonly hash: string; readonly atMs: number };

type Sent = { readonly hash: string; readonly revision: RevisionId };

export type Refusal = Sent & {
  readonly class: NackClass;
  readonly reason: NackReason;
  readonly problems: readonly RefusalProblem[];
  readonly atMs: number;
  /** How often in a row it has refused what has this hash. */
  readonly attempts: number;
};

export type RefusalProblem = { readonly code: NackReason; readonly message: string };

/** What is kept of a NACK. */
const PROBLEMS_MAX = 20;
const TEXT_LENGTH_MAX = 500;
const CONTENTS_MAX = 1000;
const FEATURES_MAX = 64;
const HASH = /^[0-9a-f]{64}$/;

/** A port is free again, a disk has room: a machine's own trouble is tried again soon, then less and less. */
const RETRY_FIRST_MS = 500;
const RETRY_MAX_MS = 30_000;

/** The stream of a proxy that says hello; `candidates` are snapshots of its workload, one of which it may have in force. */
export function openProxy(
  id: StreamId,
  { workload, certificate, hello }: Pick<ProxyStream, "workload" | "certificate"> & { readonly hello: Hello },
  candidates: readonly (PackedSnapshot | undefined)[],
  nowMs: number,
): ProxyStream {
  const takesDelta = hello.features.includes("delta");
  return {
    id,
    workload,
    instance: hello.instance,
    principal: certificate.principal,
    certificate,
    listen: hello.listen,
    admin: hello.admin,
    holding: toHolding(hello.holding),
    features: hello.features.slice(0, FEATURES_MAX).map(clip),
    takesDelta,
    held: takesDelta ? toHeld(hello.holding, candidates) : HOLDS_NOTHING,
    delivery: { kind: "settled" },
    refusal: undefined,
    openedAtMs: nowMs,
    heardMs: nowMs,
    ackTookMs: undefined,
    inForceAtMs: undefined,
  };
}

/** A later hello on the same stream tells new listen addresses; it may not become another proxy. */
export function applyHello(proxy: ProxyStream, hello: Hello, nowMs: number): ProxyStream | undefined {
  if (`${hello.namespace}/${hello.workload}` !== proxy.workload || hello.instance !== proxy.instance) return undefined;
  const { admin } = hello;
  // The same addresses stay the same thing: nobody need look at endpoints again.
  const listen = JSON.stringify(hello.listen) === JSON.stringify(proxy.listen) ? proxy.listen : hello.listen;
  return { ...proxy, listen, admin, ...toInForce(proxy, toHolding(hello.holding), nowMs), heardMs: nowMs };
}

/** The hash by which a proxy knows a snapshot; undefined where there is none. */
export function hashFor(
  { takesDelta }: Pick<ProxyStream, "takesDelta">,
  snapshot: PackedSnapshot | undefined,
): string | undefined {
  return takesDelta ? snapshot?.hash : snapshot?.whole().hash;
}

/** Features that a proxy would need to enforce a snapshot, and has not: then it is withheld. */
export function lackingFor({ features }: Pick<ProxyStream, "features">, snapshot: PackedSnapshot): readonly string[] {
  return snapshot.features.filter((feature) => !features.includes(feature));
}

/** Whether a snapshot shall be sent now. */
export function isDue({ delivery, holding }: ProxyStream, hash: string, nowMs: number): boolean {
  if (hash === holding.snapshotHash) return false;
  switch (delivery.kind) {
    case "settled":
      return true;
    case "awaiting":
      return false;
    case "refused":
      return delivery.hash !== hash;
    case "retrying":
      return delivery.hash !== hash || delivery.atMs <= nowMs;
  }
}

export function send(proxy: ProxyStream, snapshot: PackedSnapshot, nonce: string, nowMs: number): ProxyStream {
  const untilMs = nowMs + ANSWER_WITHIN_MS;
  const { revision } = snapshot;
  const hash = hashFor(proxy, snapshot) ?? "";
  return { ...proxy, delivery: { kind: "awaiting", nonce, hash, revision, snapshot, sentAtMs: nowMs, untilMs } };
}

export function applyAck(proxy: ProxyStream, ack: Ack, nowMs: number): ProxyStream {
  const { delivery } = proxy;
  if (delivery.kind !== "awaiting" || delivery.nonce !== ack.nonce) return proxy;
  const holding = toHolding(ack.holding);
  if (holding.snapshotHash !== delivery.hash) return applyFalseAck(proxy, delivery, holding, nowMs);
  return {
    ...proxy,
    ...toInForce(proxy, holding, nowMs),
    held: proxy.takesDelta ? { ...HOLDS_NOTHING, parts: delivery.snapshot.parts } : proxy.held,
    delivery: { kind: "settled" },
    refusal: undefined,
    heardMs: nowMs,
    ackTookMs: nowMs - delivery.sentAtMs,
  };
}

/** What it says that it has, and since when: a hello with where it listens now may say so before its ACK. */
function toInForce(proxy: ProxyStream, holding: Holding, nowMs: number): Pick<ProxyStream, "holding" | "inForceAtMs"> {
  const isSame = isSameRevision(holding.revision, proxy.holding.revision);
  return { holding, inForceAtMs: isSame ? proxy.inForceAtMs : nowMs };
}

/** What was taken back since, say, is sent under the revision that it holds. */
function isSameRevision(one: Holding["revision"], other: Holding["revision"]): boolean {
  return one !== undefined && one.epoch === other?.epoch && one.sequence === other.sequence;
}

/** An ACK of what is not in force is a fault of the proxy: what it was sent is sent again, in time. */
function applyFalseAck(proxy: ProxyStream, sent: Sent, holding: Holding, nowMs: number): ProxyStream {
  const message = "the proxy acknowledged the snapshot, but says that another one is in force";
  const problem: RefusalProblem = { code: "internal", message };
  return refuse(
    { ...proxy, holding, held: HOLDS_NOTHING },
    sent,
    { class: "local", reason: "internal", problems: [problem] },
    nowMs,
  );
}

export function applyNack(proxy: ProxyStream, nack: Nack, nowMs: number): ProxyStream {
  const { delivery } = proxy;
  if (delivery.kind !== "awaiting" || delivery.nonce !== nack.nonce) return proxy;
  const holding = nack.holding === undefined ? proxy.holding : toHolding(nack.holding);
  return refuse(
    { ...proxy, holding, held: proxy.takesDelta ? heldAfterNack(proxy.held, nack) : proxy.held },
    delivery,
    {
      class: parseNackClass(nack.class),
      reason: parseNackReason(nack.reason),
      problems: nack.problems.slice(0, PROBLEMS_MAX).map(toProblem),
    },
    nowMs,
  );
}

function refuse(
  proxy: ProxyStream,
  { hash, revision }: Sent,
  why: Pick<Refusal, "class" | "reason" | "problems">,
  nowMs: number,
): ProxyStream {
  const attempts = proxy.refusal?.hash === hash ? proxy.refusal.attempts + 1 : 1;
  return {
    ...proxy,
    heardMs: nowMs,
    refusal: { ...why, hash, revision, atMs: nowMs, attempts },
    delivery:
      why.class === "content"
        ? { kind: "refused", hash }
        : { kind: "retrying", hash, atMs: nowMs + Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** (attempts - 1)) },
  };
}

/** What lacks shows that less is held than was thought: then the proxy's own word counts, or nothing. */
function heldAfterNack(held: Held, { reason, holding }: Nack): Held {
  if (holding?.contentDigests !== undefined) return toHeld(holding, []);
  return reason === "content_missing" || reason === "policy_missing" ? HOLDS_NOTHING : held;
}

function toHeld(holding: Holding | undefined, candidates: readonly (PackedSnapshot | undefined)[]): Held {
  const inForce = candidates.find((each) => each !== undefined && each.hash === holding?.snapshotHash);
  if (inForce !== undefined) return { ...HOLDS_NOTHING, parts: inForce.parts };
  const { contentDigests } = holding ?? {};
  return contentDigests === undefined ? HOLDS_NOTHING : { parts: undefined, digests: splitDigests(contentDigests) };
}

/** What a proxy says that it holds, with nothing endless in it. */
function toHolding(holding: Holding | undefined): Holding {
  const { revision } = holding ?? {};
  return {
    snapshotHash: HASH.test(holding?.snapshotHash ?? "") ? (holding?.snapshotHash ?? "") : "",
    revision: revision && { ...revision, epoch: clip(revision.epoch), name: clip(revision.name) },
    contentHashes: (holding?.contentHashes ?? []).slice(0, CONTENTS_MAX).filter((hash) => HASH.test(hash)),
  };
}

function toProblem({ code, message }: Nack["problems"][number]): RefusalProblem {
  return { code: parseNackReason(code), message: clip(message) };
}

function clip(text: string): string {
  return clipText(text, TEXT_LENGTH_MAX);
}
