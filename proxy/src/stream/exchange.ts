/**
 * One request from its decision to its last byte, as a value: what happened comes in as
 * events, what is to be done goes out as commands. It knows no protocol and no socket;
 * whoever carries the commands out keeps the bytes.
 *
 *     idle → deciding → held → waiting ⇄ backing-off
 *                                 ↓  ↖      ↑
 *                                sent ──────┘
 *                                 ↓
 *                             responding → idle
 *
 * deciding: the head is there, and whoever decides has not answered yet; what comes of the
 * content meanwhile is held. held: decided, but its framing may still prove broken, or a delay runs. waiting: for a
 * connection. Before `responding` a failure gives a response of our own; from there on the
 * connection is cut, so that nobody takes half for whole.
 *
 * Clocks: the deadline and the time of a try run from the request's end, so that a slow
 * client spends nobody's time but its own, and stop at the response's head, so that only
 * silence cuts a stream.
 *
 * Blame: the breaker hears of what the endpoint did. What the client did (it left, it
 * stalled) and what the mesh did (a full queue, a refusal of the other sidecar) says
 * nothing of it.
 */
import type { RetryCondition } from "@regomesh/policy-runtime";
import type { Reason } from "../filter/reason.ts";
import type { Outcome } from "../resilience/breaker.ts";
import { retryVerdict, type TryOutcome } from "../resilience/retry.ts";
import { blameOf, mayBeServedElsewhere } from "./blame.ts";
import type { ExchangeEvent } from "./exchange-event.ts";

export type { ExchangeEvent } from "./exchange-event.ts";

/** What is fixed when a request begins. */
export type ExchangePlan = {
  /** From the request's end to the response's head, over all tries; 0: none. */
  readonly timeoutMs: number;
  /** Of one try, from the later of its begin and the request's end; 0: none. */
  readonly perTryMs: number;
  /** For a connection, beyond which our own pool is to blame; 0: none. */
  readonly waitMs: number;
  readonly attempts: number;
  readonly retryOn: readonly RetryCondition[];
  /** Statuses after which another try is made, beside those that `retryOn` covers; absent: none. */
  readonly retryStatuses?: readonly number[] | undefined;
  /** At least so long before another try, and at most that doubled with each; absent: any part of `BACKOFF_MS`. */
  readonly backoffMs?: number | undefined;
};

export type Request = {
  readonly plan: ExchangePlan;
  readonly isIdempotent: boolean;
  /** Before the first try, as a fault that a policy injects asks; 0: none. */
  readonly delayMs: number;
  /** Status of an injected fault in place of any try; 0: none. */
  readonly abortStatus: number;
};

/** What a retry hangs on and only the carrier knows; asked when a try failed. */
export interface Circumstances {
  /** All content that came can be sent again. */
  readonly canResend: boolean;
  readonly hasRetryRoom: boolean;
  /** What comes from upstream waits, because the client does not take what it got. */
  readonly isClientSlow: boolean;
}

type Common = {
  readonly isRequestWhole: boolean;
  readonly tries: number;
  /** It holds one place of the retry budget, until it ends. */
  readonly holdsRetry: boolean;
};

export type ExchangeState =
  | { readonly kind: "idle" }
  | (Common & { readonly kind: "deciding"; readonly isStarted: boolean })
  | (Common & { readonly kind: "held"; readonly isStarted: boolean; readonly isDelayed: boolean })
  | (Common & { readonly kind: "waiting"; readonly tryEndsMs: number })
  | (Common & { readonly kind: "backing-off" })
  | (Common & { readonly kind: "sent"; readonly isReused: boolean; readonly tryEndsMs: number })
  | (Common & { readonly kind: "responding" });

export type Command =
  /** The plan's timeout. */
  | { readonly do: "arm-deadline" }
  | { readonly do: "arm-timer"; readonly ms: number }
  /** Stop the try's timer; the deadline stops by itself as the response begins, or the request ends. */
  | { readonly do: "disarm" }
  /** Pick an endpoint, another than the one tried where there is one, and ask for a connection. */
  | { readonly do: "acquire" }
  /** Wait a random time between these, then `timer`. */
  | { readonly do: "back-off"; readonly mostMs: number; readonly leastMs: number }
  | { readonly do: "send" }
  | { readonly do: "take-retry" }
  /** The endpoint began to answer. */
  | { readonly do: "answered" }
  /** Tell the endpoint's breaker, once a try. */
  | { readonly do: "settle"; readonly outcome: Outcome }
  /** End the connection, or leave the queue. */
  | { readonly do: "leave" }
  /** Both sides are at their end: let go of the stream. */
  | { readonly do: "release" }
  /** The response's head goes to the client. */
  | { readonly do: "respond" }
  /** A response of our own; `status` where it is not the reason's. */
  | { readonly do: "refuse"; readonly reason: Reason; readonly status: number }
  | { readonly do: "cut"; readonly reason: Reason }
  /** The response is out. */
  | { readonly do: "finish" };

export type Move = { readonly state: ExchangeState; readonly commands: readonly Command[] };

export const IDLE: ExchangeState = shaped({ kind: "idle" });
/** Upper bound of the first wait before a retry, doubled with each. */
const BACKOFF_MS = 25;
const NEVER = Number.POSITIVE_INFINITY;

const NOTHING: readonly Command[] = [];
const ACQUIRE: Command = { do: "acquire" };
const ACQUIRES = [ACQUIRE];
const DEADLINE: Command = { do: "arm-deadline" };
const DEADLINES = [DEADLINE];
const DISARM: Command = { do: "disarm" };
const LEAVE: Command = { do: "leave" };
const FAILED: Command = { do: "settle", outcome: "failure" };
const SAID_NOTHING: Command = { do: "settle", outcome: "nothing" };
const TAKE_RETRY: Command = { do: "take-retry" };
const SEND: Command = { do: "send" };
const SENDS = [DISARM, SEND];
const RESPOND: Command = { do: "respond" };
const ANSWERS = [{ do: "answered" }, RESPOND] as const;
const ABORTS = [SAID_NOTHING, LEAVE];
const SUCCEEDED: Command = { do: "settle", outcome: "success" };
const FINISH: Command = { do: "finish" };
const RELEASES = [SUCCEEDED, { do: "release" }, FINISH] as const;
/** The endpoint answered a request that it has not got whole, and need not get whole any more. */
const LEAVES = [SUCCEEDED, LEAVE, FINISH] as const;

// The road of nearly every request is its first try, without a time of its own, and the request
// is read to its end before the response comes: these moves are made once, not for each.

type First = { readonly connected: Move; readonly whole: Move; readonly wholeTimed: Move };

const HELD = { kind: "held", isStarted: false, isDelayed: false, isRequestWhole: false, tries: 0 } as const;
const FIRST_TRY = { tries: 1, holdsRetry: false } as const;
const BEGUN: Move = {
  state: shaped({ kind: "deciding", isStarted: false, isRequestWhole: false, tries: 0, holdsRetry: false }),
  commands: NOTHING,
};
const DECIDED: Move = { state: shaped({ ...HELD, holdsRetry: false }), commands: NOTHING };
const STARTED: Move = {
  state: shaped({ kind: "waiting", isRequestWhole: false, tryEndsMs: NEVER, ...FIRST_TRY }),
  commands: ACQUIRES,
};
const ON_NEW = firstOn(false);
const ON_REUSED = firstOn(true);
const ANSWERED: Move = {
  state: shaped({ kind: "responding", isRequestWhole: true, ...FIRST_TRY }),
  commands: ANSWERS,
};
const ENDED: Move = { state: IDLE, commands: RELEASES };
const ABORTED: Move = { state: IDLE, commands: ABORTS };

/** The states of that road have one shape in memory, so that whoever looks at them finds their kind in one place. */
function shaped(state: ExchangeState): ExchangeState {
  const { kind, isRequestWhole, tries, holdsRetry, isStarted, isDelayed, isReused, tryEndsMs }: AnyState = state;
  const shape: AnyState = { kind, isRequestWhole, tries, holdsRetry, isStarted, isDelayed, isReused, tryEndsMs };
  return shape as ExchangeState;
}

type AnyState = { readonly kind: ExchangeState["kind"] } & {
  readonly [Name in keyof Common | "isStarted" | "isDelayed" | "isReused" | "tryEndsMs"]?: Name extends
    | "tries"
    | "tryEndsMs"
    ? number | undefined
    : boolean | undefined;
};

function firstOn(isReused: boolean): First {
  const sent = { kind: "sent", isReused, tryEndsMs: NEVER, ...FIRST_TRY } as const;
  const state = shaped({ ...sent, isRequestWhole: true });
  return {
    connected: { state: shaped({ ...sent, isRequestWhole: false }), commands: SENDS },
    whole: { state, commands: NOTHING },
    wholeTimed: { state, commands: DEADLINES },
  };
}

function wholeFirst(first: First, isTimed: boolean): Move {
  return isTimed ? first.wholeTimed : first.whole;
}

/** A request whose head is there. */
export function begin(): Move {
  return BEGUN;
}

/** Until it is decided, a request has no plan: nothing of it is asked. */
export const UNDECIDED: Request = {
  plan: { timeoutMs: 0, perTryMs: 0, waitMs: 0, attempts: 0, retryOn: [] },
  isIdempotent: false,
  delayMs: 0,
  abortStatus: 0,
};

/** The move that an event makes; one that comes too late makes none. */
export function step(
  state: ExchangeState,
  event: ExchangeEvent,
  request: Request,
  circumstances: Circumstances,
  nowMs: number,
): Move {
  if (state.kind === "idle") return stay(state);
  switch (event.kind) {
    case "abort":
      return ABORTED;
    case "decided":
      return state.kind === "deciding" ? decided(state, request) : stay(state);
    case "start":
      if (state.kind === "deciding") return stay({ ...state, isStarted: true });
      return state.kind === "held" ? start(state, true, state.isDelayed, request) : stay(state);
    case "request-end":
      return endRequest(state, request, nowMs);
    case "queued":
      return queued(state, request, nowMs);
    case "connected":
      return connected(state, event.isReused, request, nowMs);
    case "unconnected":
      return unconnected(state, event.reason, request, circumstances);
    case "withdrawn":
      // Nobody was asked yet: another one is, and it is no other try.
      return state.kind === "waiting" ? { state, commands: [SAID_NOTHING, LEAVE, ACQUIRE] } : stay(state);
    case "head":
    case "call-failed":
      return answered(state, event, request, circumstances);
    case "response-end":
      return endResponse(state);
    case "broken":
      return broken(state, event, request, circumstances);
    case "timer":
      return timer(state, request, circumstances, nowMs);
    case "deadline":
      return giveUp(state, "request_deadline", circumstances);
    case "expired":
      return expire(state);
    case "silent":
      return giveUp(state, "upstream_timeout", circumstances);
  }
}

type Live = Exclude<ExchangeState, { readonly kind: "idle" }>;
type Of<Kind extends Live["kind"]> = Extract<Live, { readonly kind: Kind }>;

function stay(state: ExchangeState): Move {
  return { state, commands: NOTHING };
}

function decided(state: Of<"deciding">, request: Request): Move {
  const { delayMs } = request;
  if (delayMs === 0 && state === BEGUN.state) return DECIDED;
  const { isStarted, isRequestWhole } = state;
  const held: Of<"held"> = { ...HELD, holdsRetry: false, isRequestWhole, isDelayed: delayMs > 0 };
  if (delayMs > 0) return { state: { ...held, isStarted }, commands: [{ do: "arm-timer", ms: delayMs }] };
  return isStarted ? start(held, true, false, request) : stay(held);
}

function start(held: Of<"held">, isStarted: boolean, isDelayed: boolean, { plan, abortStatus }: Request): Move {
  if (!isStarted || isDelayed) return stay({ ...held, isStarted, isDelayed });
  if (abortStatus > 0) return refuse("fault_injected", NOTHING, abortStatus);
  if (!held.isRequestWhole) return STARTED;
  const state: ExchangeState = { kind: "waiting", isRequestWhole: true, tryEndsMs: NEVER, ...FIRST_TRY };
  return { state, commands: plan.timeoutMs > 0 ? [DEADLINE, ACQUIRE] : ACQUIRES };
}

/** The client has sent everything: from now on it is others who take their time. */
function endRequest(state: Live, { plan }: Request, nowMs: number): Move {
  if (state.isRequestWhole) return stay(state);
  if (state.kind === "deciding" || state.kind === "held" || state.kind === "responding") {
    return stay({ ...state, isRequestWhole: true });
  }
  const isTimed = plan.timeoutMs > 0;
  if (plan.perTryMs === 0) {
    if (state === ON_REUSED.connected.state) return wholeFirst(ON_REUSED, isTimed);
    if (state === ON_NEW.connected.state) return wholeFirst(ON_NEW, isTimed);
  }
  const deadline = isTimed ? DEADLINES : NOTHING;
  if (state.kind === "backing-off" || plan.perTryMs === 0) {
    return { state: { ...state, isRequestWhole: true }, commands: deadline };
  }
  const tryEndsMs = nowMs + plan.perTryMs;
  const next: ExchangeState = { ...state, isRequestWhole: true, tryEndsMs };
  return { state: next, commands: [...deadline, armUntil(next, plan, nowMs)] };
}

/** The timer of a try that waits for a connection, or for its response. */
function armUntil(state: Of<"waiting"> | Of<"sent">, plan: ExchangePlan, nowMs: number): Command {
  const tryMs = state.tryEndsMs - nowMs;
  const waitMs = state.kind === "waiting" && plan.waitMs > 0 ? plan.waitMs : NEVER;
  const ms = Math.min(tryMs, waitMs);
  return ms === NEVER ? DISARM : { do: "arm-timer", ms: Math.max(0, ms) };
}

function queued(state: Live, { plan }: Request, nowMs: number): Move {
  if (state.kind !== "waiting") return stay(state);
  const isTimed = state.isRequestWhole && plan.perTryMs > 0;
  const next: ExchangeState = isTimed ? { ...state, tryEndsMs: nowMs + plan.perTryMs } : state;
  return { state: next, commands: [armUntil(next, plan, nowMs)] };
}

function connected(state: Live, isReused: boolean, { plan }: Request, nowMs: number): Move {
  if (state.kind !== "waiting") return stay(state);
  if (state === STARTED.state) return isReused ? ON_REUSED.connected : ON_NEW.connected;
  const { isRequestWhole, tries, holdsRetry } = state;
  const isTimed = isRequestWhole && plan.perTryMs > 0;
  const tryEndsMs = isTimed && state.tryEndsMs === NEVER ? nowMs + plan.perTryMs : state.tryEndsMs;
  const next: ExchangeState = { kind: "sent", isReused, isRequestWhole, tries, holdsRetry, tryEndsMs };
  return { state: next, commands: isTimed ? [armUntil(next, plan, nowMs), SEND] : SENDS };
}

function unconnected(state: Live, reason: Reason, request: Request, circumstances: Circumstances): Move {
  if (state.kind !== "waiting") return stay(state);
  const blamed: Outcome = blameOf(reason) === "upstream" ? "failure" : "nothing";
  // Without an endpoint, or room in our own queue, another try would find the same.
  const isFinal = reason === "no_endpoint" || reason === "pool_exhausted";
  return fail(state, blamed, reason, isFinal ? undefined : { kind: "connect" }, request, circumstances);
}

function answered(
  state: Live,
  event: Extract<ExchangeEvent, { readonly kind: "head" | "call-failed" }>,
  request: Request,
  circumstances: Circumstances,
): Move {
  if (state.kind !== "sent") return stay(state);
  const { status, madeBy } = event;
  const isFine = status < 500 || status > 599;
  const isWanted = isFine && event.kind === "head" && request.plan.retryStatuses?.includes(status) === true;
  if (isFine && !isWanted && (state === ON_REUSED.whole.state || state === ON_NEW.whole.state)) return ANSWERED;
  const { isRequestWhole, tries, holdsRetry } = state;
  const responding: ExchangeState = { kind: "responding", isRequestWhole, tries, holdsRetry };
  if (isFine) {
    // The endpoint has done what it should; that it be asked again is the route's wish.
    const again = isWanted ? retry(state, SUCCEEDED, { kind: "status", status }, request, circumstances) : undefined;
    return again ?? { state: responding, commands: ANSWERS };
  }
  const isEndpoints = madeBy === undefined || blameOf(madeBy) === "upstream";
  const settled = isEndpoints ? FAILED : SAID_NOTHING;
  if (isEndpoints || mayBeServedElsewhere(madeBy)) {
    const isUnavailable = event.kind === "call-failed" && event.isUnavailable;
    const outcome: TryOutcome = isUnavailable ? { kind: "unavailable" } : { kind: "status", status };
    const again = retry(state, settled, outcome, request, circumstances);
    if (again !== undefined) return again;
  }
  return { state: responding, commands: [settled, RESPOND] };
}

function endResponse(state: Live): Move {
  if (state.kind !== "responding") return stay(state);
  return state.isRequestWhole ? ENDED : { state: IDLE, commands: LEAVES };
}

function broken(
  state: Live,
  { reason, wasProcessed }: Extract<ExchangeEvent, { readonly kind: "broken" }>,
  request: Request,
  circumstances: Circumstances,
): Move {
  const blamed = blameOf(reason) === "upstream" ? "failure" : "nothing";
  if (state.kind === "responding") {
    return { state: IDLE, commands: [{ do: "settle", outcome: blamed }, LEAVE, { do: "cut", reason }] };
  }
  if (state.kind !== "sent") return stay(state);
  if (!wasProcessed) return fail(state, "nothing", reason, { kind: "unprocessed" }, request, circumstances);
  if (reason === "upstream_protocol") {
    return fail(state, blamed, reason, { kind: "status", status: 502 }, request, circumstances);
  }
  const { isReused } = state;
  // A kept connection that was closed just then: nobody's fault.
  const outcome = isReused && reason === "upstream_reset" ? "nothing" : blamed;
  return fail(state, outcome, reason, { kind: "reset", isReused }, request, circumstances);
}

function timer(state: Live, request: Request, circumstances: Circumstances, nowMs: number): Move {
  switch (state.kind) {
    case "deciding":
      return stay(state);
    case "held":
      return start(state, state.isStarted, false, request);
    case "backing-off": {
      const { isRequestWhole, tries, holdsRetry } = state;
      return {
        state: { kind: "waiting", isRequestWhole, tries: tries + 1, holdsRetry, tryEndsMs: NEVER },
        commands: ACQUIRES,
      };
    }
    case "waiting": {
      if (nowMs < state.tryEndsMs) return fail(state, "nothing", "pool_exhausted", undefined, request, circumstances);
      return fail(state, "nothing", "upstream_timeout", { kind: "timeout" }, request, circumstances);
    }
    case "sent":
      return fail(state, timedOut(circumstances), "upstream_timeout", { kind: "timeout" }, request, circumstances);
    case "responding":
      return stay(state);
  }
}

/** Whoever holds up its interim responses has the time on his account, not the endpoint. */
function timedOut({ isClientSlow }: Circumstances): Outcome {
  return isClientSlow ? "nothing" : "failure";
}

/** The whole request has no more time. */
function giveUp(state: Live, reason: Reason, circumstances: Circumstances): Move {
  switch (state.kind) {
    case "sent":
      return refuse(reason, timedOut(circumstances) === "failure" ? [FAILED, LEAVE] : ABORTS);
    case "deciding":
    case "held":
    case "waiting":
    case "backing-off":
      return refuse(reason, ABORTS);
    case "responding":
      return { state: IDLE, commands: [FAILED, LEAVE, { do: "cut", reason }] };
  }
}

/** Whoever sets a time that is too short has himself to blame. */
function expire(state: Live): Move {
  if (state.kind !== "responding") return refuse("request_deadline", ABORTS);
  return { state: IDLE, commands: [SAID_NOTHING, LEAVE, { do: "cut", reason: "request_deadline" }] };
}

/** A try came to nothing: once more, where `outcome` may be tried again at all, or say why. */
function fail(
  state: Of<"waiting"> | Of<"sent">,
  blamed: Outcome,
  reason: Reason,
  outcome: TryOutcome | undefined,
  request: Request,
  circumstances: Circumstances,
): Move {
  const settled: Command = { do: "settle", outcome: blamed };
  const again = outcome === undefined ? undefined : retry(state, settled, outcome, request, circumstances);
  return again ?? refuse(reason, [settled, LEAVE]);
}

function retry(
  state: Of<"waiting"> | Of<"sent">,
  settled: Command,
  outcome: TryOutcome,
  { plan, isIdempotent }: Request,
  { canResend, hasRetryRoom }: Circumstances,
): Move | undefined {
  const { isRequestWhole, tries } = state;
  const facts = { isIdempotent, hasSentContent: !canResend, triesMade: tries };
  if (retryVerdict(outcome, facts, plan.retryOn, plan.attempts, plan.retryStatuses).kind !== "retry") return undefined;
  if (!state.holdsRetry && !hasRetryRoom) return undefined;
  const taken = state.holdsRetry ? [settled, LEAVE] : [settled, TAKE_RETRY, LEAVE];
  // Where the endpoint itself is not in trouble there is nothing to wait for.
  if (["connect", "unprocessed"].includes(outcome.kind) || (outcome.kind === "reset" && outcome.isReused)) {
    const next: ExchangeState = {
      kind: "waiting",
      isRequestWhole,
      tries: tries + 1,
      holdsRetry: true,
      tryEndsMs: NEVER,
    };
    return { state: next, commands: [...taken, ACQUIRE] };
  }
  return {
    state: { kind: "backing-off", isRequestWhole, tries, holdsRetry: true },
    commands: [...taken, backOff(plan, tries)],
  };
}

/** A time that the route says is waited at least. */
function backOff({ backoffMs }: ExchangePlan, tries: number): Command {
  return { do: "back-off", leastMs: backoffMs ?? 0, mostMs: (backoffMs ?? BACKOFF_MS) * 2 ** (tries - 1) };
}

function refuse(reason: Reason, before: readonly Command[], status = 0): Move {
  return { state: IDLE, commands: [...before, { do: "refuse", reason, status }] };
}
