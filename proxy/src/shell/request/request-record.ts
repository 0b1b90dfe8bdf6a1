/** What is known of a request when it has ended: for the access log, the decisions, the metrics. One a connection, used again. */
import { RequestId } from "@regomesh/policy-runtime";
import type { ShadowChange } from "../../decide/shadow.ts";
import type { Reason } from "../../filter/reason.ts";
import { type Rescue, rescue } from "../../filter/rescue.ts";
import { Between } from "../../record/between.ts";
import type { InForce } from "../../snapshot/in-force.ts";

export type Verdict = Rescue["verdict"];

/** Status (0: no head yet) and content of what has gone to the client. */
export type ResponseSoFar = { readonly status: number; readonly bytesOut: number };
export type ShadowNote = { readonly binding: string; readonly entrypoint: string; readonly would: ShadowChange };

export class RequestRecord {
  startedMs = 0;
  durationMs = 0;
  policyMs = 0;
  decisionId = 0;
  readonly requestId = new RequestId();
  status = 0;
  /** Of a call of gRPC, how it ended; -1: it is none, or nobody has said. */
  grpcStatus = -1;
  verdict: Verdict = "allowed";
  reason: Reason | "" = "";
  /** For logs: what exactly was wrong. */
  detail = "";
  entrypoint = "";
  /** Fired rules as `path file:row:column`, of decisions that are kept. */
  rules: readonly string[] = [];
  /** What bindings in shadow would have changed. */
  shadows: readonly ShadowNote[] = [];
  builtinErrors = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Text of who asks whom, which stays the same from request to request. */
  readonly between = new Between();
  /** The mesh answered by itself. */
  isLocal = false;
  /** The response broke off. */
  isCut = false;
  inForce: InForce | undefined = undefined;
  /** Row of the metrics; -1: of no edge. */
  edge = -1;
  /** Service asked for, `name.namespace`. */
  service = "";
  /** Method and target where no head was written. */
  method = "";
  path = "";

  begin(nowMs: number): void {
    this.startedMs = nowMs;
    this.policyMs = 0;
    this.decisionId = 0;
    this.requestId.clear();
    this.status = 0;
    this.grpcStatus = -1;
    this.verdict = "allowed";
    this.reason = "";
    this.detail = "";
    this.entrypoint = "";
    this.rules = NONE;
    this.shadows = NO_NOTES;
    this.builtinErrors = 0;
    this.bytesIn = 0;
    this.bytesOut = 0;
    this.isLocal = false;
    this.isCut = false;
    this.edge = -1;
    this.service = "";
    this.method = "";
    this.path = "";
  }

  /** The response broke off for `reason`. */
  cut(reason: Reason, response: ResponseSoFar): void {
    this.isCut = true;
    this.reason = reason;
    this.verdict = rescue(reason).verdict;
    this.status = response.status;
    this.bytesOut = response.bytesOut;
  }

  /** The client left: the record says how far its response had come. */
  leave({ status, bytesOut }: ResponseSoFar): void {
    const left = rescue("client_gone");
    this.reason = "client_gone";
    this.verdict = left.verdict;
    this.status = status === 0 ? left.status : status;
    this.bytesOut = status === 0 ? 0 : bytesOut;
  }

  end(): void {
    this.inForce = undefined;
  }
}

const NONE: readonly string[] = [];
const NO_NOTES: readonly ShadowNote[] = [];
