import { expect, test } from "vitest";
import { begin, type Command, type ExchangeEvent, type ExchangeState, type Request, step } from "./exchange.ts";

const PLAIN: Request = {
  plan: { timeoutMs: 1000, perTryMs: 0, waitMs: 500, attempts: 1, retryOn: ["connect", "reset", "gateway-error"] },
  isIdempotent: true,
  delayMs: 0,
  abortStatus: 0,
};
const PER_TRY: Request = { ...PLAIN, plan: { ...PLAIN.plan, perTryMs: 100 } };
const POST: Request = { ...PLAIN, isIdempotent: false };

/** What happens at a time, the commands that follow, and the state behind it. */
type Step = readonly [
  atMs: number,
  event: ExchangeEvent | ExchangeEvent["kind"],
  then: string,
  state: ExchangeState["kind"],
];
type Play = {
  readonly request?: Request;
  readonly canResend?: boolean;
  readonly hasRetryRoom?: boolean;
  readonly isClientSlow?: boolean;
  /** The play begins before anyone has decided. */
  readonly isUndecided?: boolean;
  readonly steps: readonly Step[];
};

const fresh: ExchangeEvent = { kind: "connected", isReused: false };
const reused: ExchangeEvent = { kind: "connected", isReused: true };
const head = (status: number, madeBy?: "policy_conflict" | "connect_failed" | "no_snapshot"): ExchangeEvent => ({
  kind: "head",
  status,
  madeBy,
});
const broken = (reason: "upstream_reset" | "internal"): ExchangeEvent => ({
  kind: "broken",
  reason,
  wasProcessed: true,
});
const refused: ExchangeEvent = { kind: "broken", reason: "upstream_reset", wasProcessed: false };
const end: ExchangeEvent = { kind: "response-end" };
const fail = (reason: "connect_failed" | "no_endpoint" | "pool_exhausted"): ExchangeEvent => ({
  kind: "unconnected",
  reason,
});

const SENT: readonly Step[] = [
  [0, "start", "acquire", "waiting"],
  [0, fresh, "disarm, send", "sent"],
  [0, "request-end", "arm-deadline", "sent"],
];

const PLAYS: Readonly<Record<string, Play>> = {
  "a request and its response": {
    steps: [...SENT, [5, head(200), "answered, respond", "responding"], [9, end, "success, release, finish", "idle"]],
  },
  "nothing goes on before it is decided, and what has come by then is known": {
    isUndecided: true,
    steps: [
      [0, "start", "", "deciding"],
      [1, "request-end", "", "deciding"],
      [2, "decided", "arm-deadline, acquire", "waiting"],
      [2, fresh, "disarm, send", "sent"],
    ],
  },
  "a decision may come before the framing is proven": {
    isUndecided: true,
    steps: [
      [0, "decided", "", "held"],
      [1, "decided", "", "held"],
      [2, "start", "acquire", "waiting"],
    ],
  },
  "a client that leaves while it is decided leaves nothing": {
    isUndecided: true,
    steps: [
      [0, "request-end", "", "deciding"],
      [1, "abort", "nothing, leave", "idle"],
      [2, "decided", "", "idle"],
    ],
  },
  "the deadline runs from the request's end, however long that took": {
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, fresh, "disarm, send", "sent"],
      [60_000, "request-end", "arm-deadline", "sent"],
      [61_000, "deadline", "failure, leave, refuse request_deadline", "idle"],
    ],
  },
  "the deadline of a client that does not take its interim responses says nothing of the endpoint": {
    isClientSlow: true,
    steps: [...SENT, [1000, "deadline", "nothing, leave, refuse request_deadline", "idle"]],
  },
  "nor does the time of a try": {
    request: { ...PER_TRY, plan: { ...PER_TRY.plan, attempts: 0 } },
    isClientSlow: true,
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, fresh, "disarm, send", "sent"],
      [0, "request-end", "arm-deadline, timer 100", "sent"],
      [100, "timer", "nothing, leave, refuse upstream_timeout", "idle"],
    ],
  },
  "a response that has begun has no deadline": {
    steps: [
      ...SENT,
      [5, head(200), "answered, respond", "responding"],
      [3_600_000, end, "success, release, finish", "idle"],
    ],
  },
  "a response before the request's end is passed on, and neither connection is used again": {
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, fresh, "disarm, send", "sent"],
      [1, head(413), "answered, respond", "responding"],
      [2, end, "success, leave, finish", "idle"],
    ],
  },
  "a client that stalls or leaves says nothing of the endpoint": {
    steps: [...SENT, [5, "abort", "nothing, leave", "idle"], [6, head(200), "", "idle"]],
  },
  "a response that breaks off is the endpoint's failure, and cut": {
    steps: [
      ...SENT,
      [5, head(200), "answered, respond", "responding"],
      [6, broken("upstream_reset"), "failure, leave, cut upstream_reset", "idle"],
    ],
  },
  "a fault of our own is not": {
    request: POST,
    steps: [...SENT, [6, broken("internal"), "nothing, leave, refuse internal", "idle"]],
  },
  "silence of upstream is its failure, before the response and within it": {
    steps: [
      ...SENT,
      [5, head(200), "answered, respond", "responding"],
      [300_000, "silent", "failure, leave, cut upstream_timeout", "idle"],
    ],
  },
  "the application's 503 passes where nothing may be tried again": {
    request: POST,
    steps: [...SENT, [5, head(503), "failure, respond", "responding"], [6, end, "success, release, finish", "idle"]],
  },
  "a 503 that the other sidecar made is neither counted nor tried again": {
    steps: [...SENT, [5, head(503, "policy_conflict"), "nothing, respond", "responding"]],
  },
  "unless it says that its application failed": {
    steps: [...SENT, [5, head(503, "connect_failed"), "failure, take-retry, leave, back-off 25", "backing-off"]],
  },
  "or that another may serve it": {
    steps: [...SENT, [5, head(503, "no_snapshot"), "nothing, take-retry, leave, back-off 25", "backing-off"]],
  },
  "a retry waits, and takes one place of the budget however often it is made": {
    request: { ...PLAIN, plan: { ...PLAIN.plan, attempts: 2 } },
    steps: [
      ...SENT,
      [5, head(503), "failure, take-retry, leave, back-off 25", "backing-off"],
      [20, "timer", "acquire", "waiting"],
      [20, fresh, "disarm, send", "sent"],
      [25, head(503), "failure, leave, back-off 50", "backing-off"],
      [60, "timer", "acquire", "waiting"],
      [60, fresh, "disarm, send", "sent"],
      [65, head(503), "failure, respond", "responding"],
    ],
  },
  "a status that the route wants tried again is no failure of the endpoint, and waits as the route says": {
    request: { ...PLAIN, plan: { ...PLAIN.plan, retryStatuses: [409, 503], backoffMs: 100 } },
    steps: [
      ...SENT,
      [5, head(409), "success, take-retry, leave, back-off 100 to 100", "backing-off"],
      [20, "timer", "acquire", "waiting"],
      [20, fresh, "disarm, send", "sent"],
      [25, head(409), "answered, respond", "responding"],
    ],
  },
  "no retry without room in the budget": {
    hasRetryRoom: false,
    steps: [...SENT, [5, broken("upstream_reset"), "failure, leave, refuse upstream_reset", "idle"]],
  },
  "nor of content that is gone": {
    canResend: false,
    steps: [...SENT, [5, broken("upstream_reset"), "failure, leave, refuse upstream_reset", "idle"]],
  },
  "a kept connection that was closed just then is nobody's failure, and made up for at once": {
    request: { ...PLAIN, plan: { ...PLAIN.plan, attempts: 0, retryOn: [] } },
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, reused, "disarm, send", "sent"],
      [0, "request-end", "arm-deadline", "sent"],
      [1, broken("upstream_reset"), "nothing, take-retry, leave, acquire", "waiting"],
    ],
  },
  "what the other end has not begun with is sent again, whatever the method, and is nobody's failure": {
    request: { ...POST, plan: { ...POST.plan, attempts: 0, retryOn: [] } },
    steps: [
      ...SENT,
      [1, refused, "nothing, take-retry, leave, acquire", "waiting"],
      [1, fresh, "disarm, send", "sent"],
      [2, refused, "nothing, leave, refuse upstream_reset", "idle"],
    ],
  },
  "but not where its content is gone": {
    request: POST,
    canResend: false,
    steps: [...SENT, [1, refused, "nothing, leave, refuse upstream_reset", "idle"]],
  },
  "a refused connection is the endpoint's failure, and another is asked at once": {
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, "queued", "timer 500", "waiting"],
      [1, fail("connect_failed"), "failure, take-retry, leave, acquire", "waiting"],
    ],
  },
  "our own full pool is not": {
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, fail("pool_exhausted"), "nothing, leave, refuse pool_exhausted", "idle"],
    ],
  },
  "nor is waiting for it, which ends": {
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, "queued", "timer 500", "waiting"],
      [500, "timer", "nothing, leave, refuse pool_exhausted", "idle"],
    ],
  },
  "nor is a deadline that comes while it waits": {
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, "queued", "timer 500", "waiting"],
      [0, "request-end", "arm-deadline", "waiting"],
      [400, "deadline", "nothing, leave, refuse request_deadline", "idle"],
    ],
  },
  "who waits for an endpoint that is withdrawn asks another, and it is no other try": {
    request: { ...PLAIN, plan: { ...PLAIN.plan, attempts: 0 } },
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, "queued", "timer 500", "waiting"],
      [1, "withdrawn", "nothing, leave, acquire", "waiting"],
      [1, fail("no_endpoint"), "nothing, leave, refuse no_endpoint", "idle"],
    ],
  },
  "the time of a try runs from the request's end": {
    request: PER_TRY,
    steps: [
      [0, "start", "acquire", "waiting"],
      [0, fresh, "disarm, send", "sent"],
      [5000, "request-end", "arm-deadline, timer 100", "sent"],
      [5100, "timer", "failure, take-retry, leave, back-off 25", "backing-off"],
      [5110, "timer", "acquire", "waiting"],
      [5110, "queued", "timer 100", "waiting"],
      [5150, fresh, "timer 60, send", "sent"],
      [5210, "timer", "failure, leave, refuse upstream_timeout", "idle"],
    ],
  },
  "a delay comes before the deadline, and before an abort": {
    request: { ...PLAIN, delayMs: 5000, abortStatus: 418 },
    steps: [
      [0, "start", "", "held"],
      [0, "request-end", "", "held"],
      [5000, "timer", "refuse fault_injected 418", "idle"],
    ],
  },
  "a delay eats nothing of the deadline": {
    request: { ...PLAIN, delayMs: 5000 },
    steps: [
      [0, "start", "", "held"],
      [0, "request-end", "", "held"],
      [5000, "timer", "arm-deadline, acquire", "waiting"],
    ],
  },
};

test.each(Object.entries(PLAYS))(
  "%s",
  (_, { request = PLAIN, canResend = true, hasRetryRoom = true, isClientSlow = false, isUndecided = false, steps }) => {
    let { state } = begin();
    const calm = { canResend, hasRetryRoom, isClientSlow };
    if (!isUndecided) ({ state } = step(state, { kind: "decided" }, request, calm, 0));
    const seen = steps.map(([atMs, event]): Step => {
      const given = typeof event === "string" ? ({ kind: event } as ExchangeEvent) : event;
      const move = step(state, given, request, { canResend, hasRetryRoom, isClientSlow }, atMs);
      state = move.state;
      return [atMs, event, move.commands.map(print).join(", "), state.kind];
    });
    expect(seen).toEqual(steps);
  },
);

function print(command: Command): string {
  switch (command.do) {
    case "arm-timer":
      return `timer ${command.ms}`;
    case "back-off":
      return `back-off ${command.leastMs > 0 ? `${command.leastMs} to ` : ""}${command.mostMs}`;
    case "settle":
      return command.outcome;
    case "refuse":
      return `refuse ${command.reason}${command.status === 0 ? "" : ` ${command.status}`}`;
    case "cut":
      return `cut ${command.reason}`;
    case "acquire":
    case "answered":
    case "arm-deadline":
    case "disarm":
    case "finish":
    case "leave":
    case "release":
    case "respond":
    case "send":
    case "take-retry":
      return command.do;
  }
}
