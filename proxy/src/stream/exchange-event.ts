/** What happens to an exchange, as its machine (exchange.ts) hears it; those that say nothing more are made once. */
import type { Reason } from "../filter/reason.ts";

export type ExchangeEvent =
  /** It may go on, by the plan that is given from here on. */
  | { readonly kind: "decided" }
  /** The head may go on. */
  | { readonly kind: "start" }
  | { readonly kind: "request-end" }
  /** There is no connection at once. */
  | { readonly kind: "queued" }
  | { readonly kind: "connected"; readonly isReused: boolean }
  | { readonly kind: "unconnected"; readonly reason: Reason }
  /** The endpoint was withdrawn before there was a connection. */
  | { readonly kind: "withdrawn" }
  /** A final head. `madeBy`: why the other sidecar made it by itself; undefined: it is the endpoint's own. */
  | { readonly kind: "head"; readonly status: number; readonly madeBy: Reason | undefined }
  /** A call of gRPC that ended in its head without a reply: `status` is what its own one is among HTTP's. */
  | {
      readonly kind: "call-failed";
      readonly status: number;
      readonly isUnavailable: boolean;
      readonly madeBy: Reason | undefined;
    }
  | { readonly kind: "response-end" }
  /** The stream was reset before the response was whole; `wasProcessed` is false where the other end has surely not begun. */
  | { readonly kind: "broken"; readonly reason: Reason; readonly wasProcessed: boolean }
  | { readonly kind: "timer" }
  | { readonly kind: "deadline" }
  /** The time is over that the client itself gives. */
  | { readonly kind: "expired" }
  /** Nothing moved for so long that upstream must be taken for gone. */
  | { readonly kind: "silent" }
  /** The client left, stalled or broke the protocol. */
  | { readonly kind: "abort" };

export const DECIDED: ExchangeEvent = { kind: "decided" };
export const START: ExchangeEvent = { kind: "start" };
export const REQUEST_END: ExchangeEvent = { kind: "request-end" };
export const QUEUED: ExchangeEvent = { kind: "queued" };
export const CONNECTED_NEW: ExchangeEvent = { kind: "connected", isReused: false };
export const CONNECTED_REUSED: ExchangeEvent = { kind: "connected", isReused: true };
export const END: ExchangeEvent = { kind: "response-end" };
/** A head that is no 5xx: which of them it is changes nothing for the exchange. */
export const HEAD: ExchangeEvent = { kind: "head", status: 200, madeBy: undefined };
export const TIMER: ExchangeEvent = { kind: "timer" };
export const DEADLINE: ExchangeEvent = { kind: "deadline" };
export const EXPIRED: ExchangeEvent = { kind: "expired" };
export const SILENT: ExchangeEvent = { kind: "silent" };
export const WITHDRAWN: ExchangeEvent = { kind: "withdrawn" };
export const ABORT: ExchangeEvent = { kind: "abort" };
