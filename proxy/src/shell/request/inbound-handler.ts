/**
 * Requests to the workload: authorized by its policy, held to its limits, and forwarded
 * to the one port of the application that the listener stands for.
 */
import { KnownField, type PolicyDecision } from "@regomesh/policy-runtime";
import type { InboundPort } from "@regomesh/protocol";
import { authorize, type Refusal, withoutPolicy } from "../../decide/authorize.ts";
import type { Permit } from "../../decide/permit.ts";
import { type ForwardedPeer, replaceForwarded } from "../../edge/forwarded.ts";
import { asciiBytes } from "../../http1/characters.ts";
import type { Head } from "../../http1/head.ts";
import type { Span } from "../../http1/head-writer.ts";
import { maskOf } from "../../http1/known-field.ts";
import type { ReadyLines } from "../../http1/ready-lines.ts";
import { Counter } from "../../metrics/counters.ts";
import type { InForce } from "../../snapshot/in-force.ts";
import { inboundKey } from "../../snapshot/inbound-key.ts";
import { type Forwarding, POOL_WAIT_MS } from "../../stream/forwarding.ts";
import type { Plane } from "../plane/plane.ts";
import { refusalAnswer } from "./answer.ts";
import type { ClientRequest } from "./client-request.ts";
import { explain } from "./explain.ts";
import {
  answersItself,
  ask,
  describe,
  endsLoop,
  foldedAuthority,
  isLimited,
  keepRules,
  normalisePath,
  refuseWithRules,
  settleRequestId,
  writeHead,
} from "./handle-request.ts";
import { noteShadows } from "./note-shadows.ts";
import { permitEdits } from "./permit-edits.ts";
import { recordRequest } from "./record-request.ts";
import type { RequestHandler } from "./request-handler.ts";

/** Only the mesh says these: who the peer is, what was decided. */
const DROP = maskOf(KnownField.forwardedClientCert, KnownField.decisionId);

/** What the listener knows of the peer of a connection. */
export type InboundPeer = {
  /** The x-forwarded-client-cert line with CR LF; undefined on plaintext. */
  readonly certLine: ReadyLines | undefined;
  /** Row of the metrics. */
  readonly edge: number;
  /** What is said of a client at the edge, in place of what it says itself; undefined inside the mesh. */
  readonly forwarded: ForwardedPeer | undefined;
  /** Wall clock; never on plaintext. */
  readonly notAfterMs: number;
};

const NOBODY: InboundPeer = {
  certLine: undefined,
  edge: -1,
  forwarded: undefined,
  notAfterMs: Number.POSITIVE_INFINITY,
};

export class InboundHandler implements RequestHandler {
  readonly #plane: Plane;
  readonly #port: InboundPort;
  /** Of the port in every snapshot. */
  readonly #key: string;
  /** Made once for each snapshot. */
  #forwarding: Forwarding | undefined = undefined;
  #madeFor: InForce | undefined = undefined;
  /** `name.namespace` of the workload's own service. */
  #service = "";

  constructor(plane: Plane, port: InboundPort) {
    this.#plane = plane;
    this.#port = port;
    this.#key = inboundKey(port);
  }

  get isDraining(): boolean {
    return this.#plane.isDraining;
  }

  handle(request: ClientRequest, head: Head): void {
    const { record } = request;
    const { inForce } = this.#plane;
    const peer = request.peer ?? NOBODY;
    record.edge = peer.edge;
    if (inForce === undefined) {
      describe(request, head);
      return void request.respond("no_snapshot", "");
    }
    record.inForce = inForce;
    // The connection's own timer is late where the machine has slept, or its clock was set.
    const wallMs = request.thread.wallMs();
    if (peer.notAfterMs <= wallMs) {
      describe(request, head);
      request.retire(this.#plane.graceMs);
      return void request.respond("connection_ended", "the peer's certificate has expired");
    }
    const stale = this.#plane.whyStale(inForce, wallMs);
    if (stale !== undefined) {
      describe(request, head);
      return void request.respond("policy_stale", stale);
    }
    const forwarding = this.#forwardingOf(inForce);
    record.service = this.#service;
    const target = normalisePath(request, head, inForce);
    if (target === "refused" || answersItself(request, head)) return;
    const { edits } = request.thread.composer;
    edits.clear(DROP);
    edits.keepTrailersWord(head);
    if (peer.certLine !== undefined) edits.addLines(peer.certLine);
    if (peer.forwarded !== undefined) replaceForwarded(head, edits, peer.forwarded);
    if (endsLoop(request, head, inForce.via.inbound)) return;
    settleRequestId(request, head);
    const authority = authorityOf(request, head, inForce);
    writeHead(request, head, target, authority, inForce.inbound !== undefined);
    if (forwarding === undefined) return void request.respond("no_such_port", `no port ${this.#port.name}`);
    const permit = this.#permit(request, inForce);
    if (permit === undefined) return;
    if (permit.request !== undefined || permit.query !== undefined) {
      permitEdits(request, head, target, authority, permit);
    }
    request.exchange.begin(permit, forwarding);
  }

  onRecord(request: ClientRequest): void {
    recordRequest(request, "inbound");
  }

  /** The permit, or undefined where the request was answered. */
  #permit(request: ClientRequest, inForce: InForce): Permit | undefined {
    const { inbound, workload } = inForce;
    if (inbound === undefined) {
      const authorization = withoutPolicy(workload.defaultVerdict);
      if (authorization.kind === "permitted") return authorization.permit;
      this.#refuse(request, authorization.refusal, undefined, inForce);
      return undefined;
    }
    const decision = ask(request, inbound);
    if (decision.badRequest) {
      request.respond("bad_query", "the policy reads the query, which is malformed");
      return undefined;
    }
    const authorization = authorize(decision, inbound.authz, workload.defaultVerdict);
    noteShadows(request, "inbound", decision, inbound, authorization);
    if (authorization.kind === "refused") {
      this.#refuse(request, authorization.refusal, decision, inForce);
      return undefined;
    }
    if (inbound.limits.length > 0 && isLimited(request, decision, inbound.limits, inForce)) return undefined;
    keepRules(request, decision, inbound.authz);
    return authorization.permit;
  }

  #refuse(request: ClientRequest, refusal: Refusal, decision: PolicyDecision | undefined, inForce: InForce): void {
    const { reason, status, headers, body, decider, detail } = refusal;
    if (reason !== "denied" && reason !== "default_deny") request.thread.counters.add(Counter.policyFaults);
    const refs = inForce.inbound?.authz ?? [];
    const explanation = inForce.snapshot.mesh.explainDenials ? explain(decision, decider, refs) : undefined;
    const answer = (): void =>
      request.answer(refusalAnswer(request, reason, detail, { status, fields: headers, body, explanation }));
    if (decision === undefined) answer();
    else refuseWithRules(request, decision, { decider, refs }, answer);
  }

  #forwardingOf(inForce: InForce): Forwarding | undefined {
    if (this.#madeFor !== inForce) this.#makeForwarding(inForce);
    return this.#forwarding;
  }

  #makeForwarding(inForce: InForce): void {
    this.#madeFor = inForce;
    this.#service = `${inForce.workload.service}.${inForce.workload.namespace}`;
    const cluster = inForce.applications.get(this.#key);
    const group = cluster?.groups.get("");
    this.#forwarding =
      cluster === undefined || group === undefined
        ? undefined
        : {
            cluster,
            group,
            timeoutMs: cluster.service.traffic.requestTimeoutMs,
            perTryMs: 0,
            waitMs: POOL_WAIT_MS,
            attempts: 0,
            retryOn: [],
            retryStatuses: undefined,
            backoffMs: undefined,
            isApplication: true,
            hashKey: undefined,
            mirror: undefined,
            requestChanges: undefined,
            responseChanges: undefined,
            elsewhere: undefined,
            // A request keeps the application that its snapshot names.
            refresh: () => {},
            poolOf: (endpoint) => this.#plane.poolOf(cluster, endpoint, true),
          };
  }
}

/** HTTP/1.0 may come without a Host: the workload's service is meant. */
function authorityOf({ thread }: ClientRequest, head: Head, inForce: InForce): Span | undefined {
  if (head.authorityEnd > head.authorityStart) return foldedAuthority(thread.composer, head, false);
  const bytes = asciiBytes(inForce.workload.service);
  return { bytes, start: 0, end: bytes.length };
}
