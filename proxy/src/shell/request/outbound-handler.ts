/**
 * Requests of the workload's own application: the authority names the service, the
 * policy may route, the proxy draws and carries out.
 */
import { clip } from "@regomesh/base";
import { KnownField, type PolicyDecision, type RouteActions, type RouteDecision } from "@regomesh/policy-runtime";
import { authorize, deciderOf, withoutPolicy } from "../../decide/authorize.ts";
import type { BoundPolicy } from "../../decide/bound-policy.ts";
import { applyChanges } from "../../decide/field-changes.ts";
import type { Permit } from "../../decide/permit.ts";
import { asciiBytes, textOf } from "../../http1/characters.ts";
import type { Head } from "../../http1/head.ts";
import type { Span } from "../../http1/head-writer.ts";
import { maskOf } from "../../http1/known-field.ts";
import { Counter } from "../../metrics/counters.ts";
import { type Cluster, type Group, pickEndpoint } from "../../route/cluster.ts";
import { DirectClusters } from "../../route/direct.ts";
import { changesRequest, joinActions } from "../../route/join-actions.ts";
import { LastMatch } from "../../route/last-match.ts";
import { answers, pickTarget, type Target } from "../../route/pick-target.ts";
import { redirectLocation, rewriteAuthority, rewriteTarget } from "../../route/rewrite.ts";
import { matchName } from "../../route/service-table.ts";
import type { InForce } from "../../snapshot/in-force.ts";
import { type Forwarding, type InjectedFault, NO_FAULT, POOL_WAIT_MS } from "../../stream/forwarding.ts";
import type { RequestCopy } from "../../stream/upstream-stream.ts";
import type { Aim } from "../downstream/aim.ts";
import type { Plane } from "../plane/plane.ts";
import { MirrorCall } from "../upstream/mirror.ts";
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
import { changeQuery, permitEdits } from "./permit-edits.ts";
import { recordRequest } from "./record-request.ts";
import type { RequestHandler } from "./request-handler.ts";
import { ServiceContexts } from "./service-contexts.ts";

/** Target and authority as they go on; undefined where the received ones do. */
type Heading = { readonly target: Span | undefined; readonly authority: Span | undefined };

/** Of an authority that no service has. */
const SERVICE_LENGTH_MAX = 253;

const DROP = maskOf(KnownField.forwardedClientCert, KnownField.decisionId);

export class OutboundHandler implements RequestHandler {
  readonly #plane: Plane;
  /** What the settings of a service say where no route does; made once for each subset. */
  readonly #plain = new WeakMap<Group, Forwarding>();

  readonly #last = new LastMatch();
  #lastPlain: Forwarding | undefined = undefined;
  readonly #contexts = new ServiceContexts();
  readonly #directs = new DirectClusters();

  /** What every request is for, whatever its authority says; undefined: its authority says. */
  readonly #authority: Span | undefined;

  /** Connections were captured: where one went stands before what its requests' authorities say. */
  readonly #isCaptured: boolean;

  constructor(plane: Plane, aim: Aim) {
    this.#plane = plane;
    const bytes = aim.kind === "service" ? asciiBytes(aim.service) : undefined;
    this.#authority = bytes && { bytes, start: 0, end: bytes.length };
    this.#isCaptured = aim.kind === "captured";
  }

  get isDraining(): boolean {
    return this.#plane.isOutboundDraining;
  }

  handle(request: ClientRequest, head: Head): void {
    const { record } = request;
    const { inForce } = this.#plane;
    if (inForce === undefined) {
      describe(request, head);
      return void request.respond("no_snapshot", "");
    }
    record.inForce = inForce;
    const stale = this.#plane.whyStale(inForce, request.thread.wallMs());
    if (stale !== undefined) {
      describe(request, head);
      return void request.respond("policy_stale", stale);
    }
    const { composer } = request.thread;
    const folded = this.#authority ?? foldedAuthority(composer, head, true);
    const called = this.#called(request, inForce);
    // A port of a Pod of the mesh that is none of the mesh's: what the request says of itself makes it none.
    const to = called === "no-port" ? undefined : (called ?? this.#named(inForce, head, folded));
    if (to === undefined) {
      const authority = authorityOf(head, folded);
      describe(request, head);
      record.service = clip(authority, SERVICE_LENGTH_MAX);
      return void request.respond("no_such_service", authority);
    }
    record.service = to.key;
    record.edge = to.groups.get("")?.edge ?? -1;
    const target = normalisePath(request, head, inForce);
    if (target === "refused" || answersItself(request, head)) return;
    composer.edits.clear(DROP);
    composer.edits.keepTrailersWord(head);
    if (endsLoop(request, head, inForce.via.outbound)) return;
    settleRequestId(request, head);
    const { outbound } = inForce;
    writeHead(request, head, target, folded, outbound !== undefined);
    if (outbound === undefined) return void this.#forward(request, inForce, to, WITHOUT_ROUTE);
    this.#decide(request, head, inForce, to, outbound, { target, authority: folded });
  }

  /** By the address and port that the connection went to: a service's own, or an endpoint's. */
  #called({ context: { destinationAddress, destinationPort } }: ClientRequest, { services }: InForce) {
    if (!this.#isCaptured) return undefined;
    const host = destinationAddress.includes(":") ? `[${destinationAddress}]` : destinationAddress;
    return (
      services.byTarget.get(`${host}:${destinationPort}`) ??
      this.#directs.called(services, this.#plane.endpointsVersion, destinationAddress, destinationPort)
    );
  }

  #named({ services }: InForce, head: Head, folded: Span | undefined): Cluster | undefined {
    const cluster =
      folded === undefined
        ? this.#last.match(services, head.bytes, head.authorityStart, head.authorityEnd)
        : this.#last.match(services, folded.bytes, folded.start, folded.end);
    return cluster ?? this.#directs.match(services, this.#plane.endpointsVersion, authorityOf(head, folded));
  }

  onRecord(request: ClientRequest): void {
    recordRequest(request, "outbound");
  }

  #decide(
    request: ClientRequest,
    head: Head,
    inForce: InForce,
    cluster: Cluster,
    bound: BoundPolicy,
    heading: Heading,
  ): void {
    const { target, authority } = heading;
    const decision = ask(request, bound, this.#contexts.of(request.context, cluster));
    if (decision.badRequest) return void request.respond("bad_query", "the policy reads the query, which is malformed");
    const authorization = authorize(decision, bound.authz, "allow");
    noteShadows(request, "outbound", decision, bound, authorization);
    if (authorization.kind === "refused") {
      const { reason, status, headers, body, decider, detail } = authorization.refusal;
      const explanation = inForce.snapshot.mesh.explainDenials ? explain(decision, decider, bound.authz) : undefined;
      return void refuseWithRules(request, decision, { decider, refs: bound.authz }, () =>
        request.answer(refusalAnswer(request, reason, detail, { status, fields: headers, body, explanation })),
      );
    }
    if (bound.limits.length > 0 && isLimited(request, decision, bound.limits, inForce)) return;
    const route = findRoute(request, decision, bound);
    if (route === "refused") return;
    const { permit } = authorization;
    const permitted = permit.query === undefined ? target : changeQuery(head, target, permit.query);
    if (route === undefined) {
      if (changesHead(permit)) permitEdits(request, head, target, authority, permit);
      return void this.#forward(request, inForce, cluster, permit);
    }
    if (route.redirect !== undefined || route.respond !== undefined)
      return void answerRoute(request, head, heading, route);
    const to = pickTarget(inForce.services, cluster, route.targets, this.#plane.thread.random);
    const actions = joinActions(route, to?.actions);
    if (to !== undefined && answers(to)) return void answerRoute(request, head, heading, actions);
    if (changesRequest(actions) || changesHead(permit)) {
      const rewritten = rewriteTarget(head, permitted, actions.rewrite, inForce.workload.pathLevel);
      const renamed = rewriteAuthority(actions.rewrite, authority);
      if (rewritten === "refused" || renamed === "refused")
        return void request.respond("policy_type_error", "the route's rewrite is no target that may be forwarded");
      const { edits } = request.thread.composer;
      if (actions.requestHeaders !== undefined) applyChanges(edits, actions.requestHeaders);
      // Whether the request may pass is decided first, and so is what it says: the permit's word stands.
      if (permit.request !== undefined) applyChanges(edits, permit.request);
      writeHead(request, head, rewritten, renamed);
    }
    this.#send(request, inForce, { cluster, to }, permit, { ...route, ...actions });
  }

  /** As the service's own settings say. */
  #forward(request: ClientRequest, inForce: InForce, cluster: Cluster, permit: Permit): void {
    const to = pickTarget(inForce.services, cluster, undefined, this.#plane.thread.random);
    this.#send(request, inForce, { cluster, to }, permit);
  }

  #send(
    request: ClientRequest,
    inForce: InForce,
    { cluster, to }: { readonly cluster: Cluster; readonly to: Target | undefined },
    permit: Permit,
    route?: RouteDecision,
  ): void {
    if (to === undefined) return void request.respond("no_route", "the route names no service or subset of the mesh");
    const { record } = request;
    record.service = to.cluster.key;
    record.edge = to.group.edge;
    const plain = this.#plainOf(to.cluster, to.group);
    const elsewhere = this.#elsewhere(inForce, cluster, to, route);
    const forwarding = routed(plain, route, elsewhere, route && this.#mirrorOf(inForce, route));
    request.exchange.begin(permit, forwarding, faultOf(request, route));
  }

  /** Where a request may go whose subset loses its last endpoint: to those that its route names beside it. */
  #elsewhere(
    inForce: InForce,
    cluster: Cluster,
    to: Target,
    route: RouteDecision | undefined,
  ): Forwarding["elsewhere"] {
    const choices = route?.targets ?? cluster.service.defaultRoute;
    return choices.length < 2 ? undefined : this.#others(inForce, cluster, to, route);
  }

  #others(
    inForce: InForce,
    cluster: Cluster,
    to: Target,
    route: RouteDecision | undefined,
  ): NonNullable<Forwarding["elsewhere"]> {
    return () => {
      const other = pickTarget(inForce.services, cluster, route?.targets, this.#plane.thread.random);
      // The head that goes on is the one that was made for this target.
      return other?.cluster === to.cluster && other.actions === to.actions ? other.group : undefined;
    };
  }

  /** Draws which of the route's mirrors get a copy of this request. */
  #mirrorOf(inForce: InForce, route: RouteDecision): Forwarding["mirror"] {
    const { thread } = this.#plane;
    const drawn = route.mirrors.filter(({ percent }) => thread.random() * 100 < percent);
    if (drawn.length === 0) return undefined;
    return (copy) => {
      for (const { to, port } of drawn) {
        const cluster = matchName(inForce.services, to, port);
        const target = cluster && pickTarget(inForce.services, cluster, undefined, thread.random);
        if (target !== undefined) this.#mirrorTo(target, copy);
        else thread.counters.add(Counter.mirrorsDropped);
      }
    };
  }

  #mirrorTo({ cluster, group }: Target, copy: RequestCopy): void {
    const { thread } = this.#plane;
    const endpoint = pickEndpoint(cluster, group, undefined, thread.random, thread.monoMs());
    if (endpoint === undefined) thread.counters.add(Counter.mirrorsDropped);
    else MirrorCall.send(thread, copy, this.#plane.poolOf(cluster, endpoint, false), endpoint);
  }

  #plainOf(cluster: Cluster, group: Group): Forwarding {
    if (this.#lastPlain?.group === group) return this.#lastPlain;
    const forwarding = this.#plain.get(group) ?? this.#makePlain(cluster, group);
    this.#lastPlain = forwarding;
    return forwarding;
  }

  #makePlain(cluster: Cluster, group: Group): Forwarding {
    const { connectTimeoutMs, requestTimeoutMs, retry } = cluster.service.traffic;
    const forwarding: Forwarding = {
      cluster,
      group,
      timeoutMs: requestTimeoutMs,
      perTryMs: retry.perTryMs ?? 0,
      waitMs: connectTimeoutMs === 0 ? 0 : connectTimeoutMs + POOL_WAIT_MS,
      attempts: retry.attempts,
      retryOn: retry.on,
      retryStatuses: undefined,
      backoffMs: undefined,
      isApplication: false,
      hashKey: undefined,
      mirror: undefined,
      requestChanges: undefined,
      responseChanges: undefined,
      elsewhere: undefined,
      refresh: () => this.#plane.refresh(cluster),
      poolOf: (endpoint) => this.#plane.poolOf(cluster, endpoint, false),
    };
    this.#plain.set(group, forwarding);
    return forwarding;
  }
}

function authorityOf(head: Head, folded: Span | undefined): string {
  return folded === undefined ? head.authorityText() : textOf(folded.bytes, folded.start, folded.end);
}

function routed(
  plain: Forwarding,
  route: RouteDecision | undefined,
  elsewhere: Forwarding["elsewhere"],
  mirror: Forwarding["mirror"],
): Forwarding {
  if (route === undefined && elsewhere === undefined) return plain;
  const { timeoutMs, perTryMs, retry, requestHeaders, responseHeaders, hashKey } = route ?? {};
  const isPlain = [timeoutMs, perTryMs, retry, requestHeaders, responseHeaders, hashKey, elsewhere, mirror].every(
    (part) => part === undefined,
  );
  if (isPlain) return plain;
  return {
    ...plain,
    timeoutMs: timeoutMs ?? plain.timeoutMs,
    perTryMs: retry === undefined ? (perTryMs ?? plain.perTryMs) : (retry.perTryMs ?? perTryMs ?? 0),
    attempts: retry?.attempts ?? plain.attempts,
    retryOn: retry?.on ?? plain.retryOn,
    retryStatuses: retry?.statuses,
    backoffMs: retry?.backoffMs,
    hashKey,
    requestChanges: requestHeaders,
    responseChanges: responseHeaders,
    elsewhere,
    mirror,
  };
}

/** The most specific route that is defined; a fault of one is not passed over. */
function findRoute(
  request: ClientRequest,
  decision: PolicyDecision,
  bound: BoundPolicy,
): RouteDecision | undefined | "refused" {
  for (const ref of bound.routes) {
    const { bit, bound: entrypoint } = ref;
    const outcome = decision.route(bit);
    if (outcome.kind === "defined") {
      keepRules(request, decision, [...bound.authz, ref]);
      return outcome.value;
    }
    if (outcome.kind === "undefined") continue;
    request.thread.counters.add(Counter.policyFaults);
    refuseWithRules(request, decision, { decider: deciderOf(entrypoint), refs: [ref] }, () =>
      request.respond(outcome.fault, outcome.message),
    );
    return "refused";
  }
  keepRules(request, decision, bound.authz);
  return undefined;
}

function answerRoute(request: ClientRequest, head: Head, heading: Heading, route: RouteActions): void {
  const { redirect, respond } = route;
  if (redirect !== undefined) {
    const location = redirectLocation(head, heading, redirect);
    if (location === undefined) return void request.respond("policy_type_error", "the route's redirect is no location");
    const fields = [["location", location]] as const;
    return void request.answer(refusalAnswer(request, "redirected", "", { status: redirect.status, fields, body: "" }));
  }
  if (respond === undefined) return;
  const { status, headers, body } = respond;
  request.answer(refusalAnswer(request, "responded", "", { status, fields: headers, body }));
}

function changesHead({ request, query }: Permit): boolean {
  return request !== undefined || query !== undefined;
}

/** Whether this request gets the fault that the route asks for is drawn once, for delay and abort together. */
function faultOf(request: ClientRequest, route: RouteDecision | undefined): InjectedFault {
  const fault = route?.fault;
  if (fault === undefined || request.thread.random() * 100 >= fault.percent) return NO_FAULT;
  return { delayMs: fault.delayMs ?? 0, abortStatus: fault.abortStatus ?? 0 };
}

/** Who may come in is the receiver's decision; nothing is bound to what goes out. */
const WITHOUT_ROUTE = withoutRoute();

function withoutRoute(): Permit {
  const authorization = withoutPolicy("allow");
  if (authorization.kind !== "permitted") throw new Error("the verdict allow gives a permit");
  return authorization.permit;
}
