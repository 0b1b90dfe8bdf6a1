/**
 * What is known of the mesh's proxies and of what they shall have, as a value; what can happen to
 * it, and what may follow. How one becomes the other stands in distribution.ts.
 */
import {
  type Ack,
  type Hello,
  indexRevoked,
  type Nack,
  NOTHING_REVOKED,
  type Revoked,
  type RevokedIndex,
  type ShownCertificate,
} from "@regomesh/protocol";
import type { Claim } from "./endpoints.ts";
import type { Hold } from "./hold.ts";
import type { Word } from "./intervene.ts";
import type { KeptStage } from "./kept-stage.ts";
import type { Learning } from "./learning.ts";
import type { Held } from "./missing.ts";
import { hashFor, lackingFor, type ProxyStream, type StreamId } from "./proxy.ts";
import type { PackedSnapshot, Publication, Release } from "./release.ts";
import { EMPTY_ROSTER, type Known, type Roster } from "./roster.ts";
import type { Stage } from "./stages.ts";
import { type Counted, NO_TRAFFIC, type Traffic } from "./traffic.ts";

export type Distribution = {
  /** What every proxy shall have; undefined before there is a release. */
  readonly publication: Publication | undefined;
  /** What is gone back to; undefined before any release was proven. */
  readonly proven: Publication | undefined;
  /** How far the release has come; undefined where it is proven, or held. */
  readonly stage: Stage | undefined;
  readonly traffic: Traffic;
  /** The last release that was held, until another one is published. */
  readonly hold: Hold | undefined;
  readonly roster: Roster;
  /** The controller has just started: more proxies may come back than it knows of; undefined once that is over. */
  readonly learning: Learning | undefined;
  /** Certificates that were taken back: state, whatever the release. */
  readonly revoked: RevokedIndex & { readonly list: Revoked };
  /** Messages sent so far: nonces are made of it. */
  readonly sent: number;
  /** The greatest number that a release may have been given, now or before this controller started. */
  readonly given: number;
  /** By workload, how often its proxies have made the numbers go on from theirs. */
  readonly overtaken: ReadonlyMap<string, number>;
};

/** `new`: not yet in force anywhere · `proven`: it was · `again`: what is published already, under another number or time. */
export type Standing = "new" | "proven" | "again";

export type DistributionEvent =
  | { readonly kind: "publish"; readonly publication: Publication; readonly standing: Standing }
  | {
      readonly kind: "connect";
      readonly id: StreamId;
      readonly workload: string;
      readonly certificate: ShownCertificate;
      readonly hello: Hello;
    }
  | { readonly kind: "hello"; readonly id: StreamId; readonly hello: Hello }
  | { readonly kind: "ack"; readonly id: StreamId; readonly ack: Ack }
  | { readonly kind: "nack"; readonly id: StreamId; readonly nack: Nack }
  /** `isOrderly`: the proxy said that it goes. */
  | { readonly kind: "disconnect"; readonly id: StreamId; readonly isOrderly: boolean }
  /** The newest word on certificates that were taken back. */
  | { readonly kind: "revoke"; readonly revoked: Revoked }
  /** The controller starts: claims that were kept count for a while, and those that were not may come. */
  | { readonly kind: "lease"; readonly claims: readonly Claim[] }
  /** A proxy with an SVID of this mesh asked to be let in for a workload that it is not, or no longer. */
  | { readonly kind: "stranger"; readonly proxy: Known }
  /** Proxies that were known before this controller started. */
  | { readonly kind: "remember"; readonly proxies: readonly Known[] }
  /** An operator's word on the release under way. */
  | { readonly kind: "word"; readonly word: Word }
  /** How far the release in place had come before this controller started. */
  | { readonly kind: "resume"; readonly kept: KeptStage }
  /** Numbers up to that may have been given before this controller started, to releases of which it knows nothing. */
  | { readonly kind: "given"; readonly sequence: number }
  /** What requests met at proxies. */
  | { readonly kind: "traffic"; readonly counted: readonly Counted[] }
  /** Time has passed. */
  | { readonly kind: "tick" };

export type Effect =
  | {
      readonly kind: "send";
      readonly id: StreamId;
      readonly nonce: string;
      readonly snapshot: PackedSnapshot;
      /** What the proxy has: all else is sent along. Undefined: it takes the snapshot in one body. */
      readonly held: Held | undefined;
      /** Hashes of the modules that it does not hold, where it takes the snapshot in one body. */
      readonly modules: readonly string[];
    }
  | { readonly kind: "close"; readonly id: StreamId; readonly reason: CloseReason; readonly message: string }
  /** A release was held; `release` is what stands in its place, undefined where nothing was proven before. */
  | { readonly kind: "hold"; readonly hold: Hold; readonly release: Release | undefined }
  /** A proxy has a later revision of this epoch (a backup was restored): publish with at least this sequence. */
  | { readonly kind: "overtake"; readonly sequence: number };

export type CloseReason = "not-a-member" | "revoked" | "another-proxy" | "late" | "replaced" | "too-many";

export const EMPTY_DISTRIBUTION: Distribution = {
  publication: undefined,
  proven: undefined,
  stage: undefined,
  traffic: NO_TRAFFIC,
  hold: undefined,
  roster: EMPTY_ROSTER,
  learning: undefined,
  revoked: { ...indexRevoked(NOTHING_REVOKED), list: NOTHING_REVOKED },
  sent: 0,
  given: 0,
  overtaken: new Map(),
};

export type Step = { readonly state: Distribution; readonly effects: readonly Effect[] };

export function still(state: Distribution): Step {
  return { state, effects: [] };
}

/**
 * A workload's snapshot in the release in place, or else in the proven one while that is in force
 * beside canaries; of the two that of `principal`, where it is named. Undefined for a workload that is not of the mesh.
 */
export function wanted(
  { publication, proven, stage }: Distribution,
  workload: string,
  principal?: string,
): PackedSnapshot | undefined {
  const next = publication?.snapshots.get(workload);
  if (stage?.kind !== "canary") return next;
  const before = proven?.snapshots.get(workload);
  return next === undefined || (before !== undefined && before.principal === principal) ? (before ?? next) : next;
}

/** What a proxy shall have now: of the release in place, or of the proven one while only canaries have the other. */
export function wantedBy({ publication, proven, stage }: Distribution, proxy: ProxyStream): PackedSnapshot | undefined {
  const isLater = stage?.kind === "canary" && !stage.canaries.has(proxyName(proxy));
  return (isLater ? proven : publication)?.snapshots.get(proxy.workload);
}

/** What a proxy is called among all: `namespace/workload instance`. */
export function proxyName({ workload, instance }: Pick<ProxyStream, "workload" | "instance">): string {
  return `${workload} ${instance}`;
}

/** Whether a proxy has the release in place in force. */
export function isInForce({ publication }: Distribution, proxy: ProxyStream): boolean {
  return hasContentOf(publication, proxy);
}

/** Whether what a proxy has in force is what it was to have of this publication, whichever it was sent by. */
export function hasContentOf(publication: Publication | undefined, proxy: ProxyStream): boolean {
  return proxy.holding.snapshotHash === hashFor(proxy, publication?.snapshots.get(proxy.workload));
}

/** Features that keep a proxy from having what it shall have; none where it can. */
export function withheldFrom(state: Distribution, proxy: ProxyStream): readonly string[] {
  const snapshot = wantedBy(state, proxy);
  return snapshot === undefined ? [] : lackingFor(proxy, snapshot);
}

/** Whether it has what it shall have, has refused it, or cannot be given it. */
export function hasAnswered(state: Distribution, proxy: ProxyStream): boolean {
  const snapshot = wantedBy(state, proxy);
  const hash = hashFor(proxy, snapshot);
  if (proxy.holding.snapshotHash === hash || proxy.refusal?.hash === hash) return true;
  return snapshot !== undefined && lackingFor(proxy, snapshot).length > 0;
}

/** The release in place was held and there was none to go back to: nobody else is sent it. */
export function isHeld({ hold, publication }: Distribution): boolean {
  return hold !== undefined && hold.revision.sequence === publication?.release.revision.sequence;
}
