/** Whatever happens in whatever order, an exchange gives back what it took and ends once. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { begin, type Command, type ExchangeEvent, type Request, step } from "./exchange.ts";

const reason = fc.constantFrom(
  ...(["no_endpoint", "pool_exhausted", "connect_failed", "upstream_reset", "upstream_protocol", "internal"] as const),
);
const event: fc.Arbitrary<ExchangeEvent> = fc.oneof(
  fc.constantFrom<ExchangeEvent[]>(
    ...(
      ["decided", "start", "request-end", "queued", "withdrawn", "timer", "deadline", "silent", "abort"] as const
    ).map((kind) => ({ kind })),
  ),
  fc.record({ kind: fc.constant("connected" as const), isReused: fc.boolean() }),
  fc.record({ kind: fc.constant("unconnected" as const), reason }),
  fc.record({
    kind: fc.constant("head" as const),
    status: fc.constantFrom(200, 404, 502, 503),
    madeBy: fc.constantFrom(undefined, "no_snapshot" as const, "connect_failed" as const),
  }),
  fc.record({ kind: fc.constant("response-end" as const) }),
  fc.record({ kind: fc.constant("broken" as const), reason, wasProcessed: fc.boolean() }),
);
const request: fc.Arbitrary<Request> = fc.record({
  plan: fc.record({
    timeoutMs: fc.constantFrom(0, 1000),
    perTryMs: fc.constantFrom(0, 100),
    waitMs: fc.constantFrom(0, 50),
    attempts: fc.nat(3),
    retryOn: fc.subarray(["connect", "reset", "gateway-error", "5xx"] as const),
  }),
  isIdempotent: fc.boolean(),
  delayMs: fc.constantFrom(0, 10),
  abortStatus: fc.constantFrom(0, 0, 503),
});
const happened = fc.record({
  event,
  canResend: fc.boolean(),
  hasRetryRoom: fc.boolean(),
  isClientSlow: fc.boolean(),
  afterMs: fc.nat(80),
});

/** What the one who carries the commands out holds, by what it was told. */
class Carrier {
  /** A connection, or a place in the queue. */
  isHolding = false;
  retries = 0;
  isResponding = false;
  ends = 0;
  readonly faults: string[] = [];

  take(command: Command): void {
    switch (command.do) {
      case "acquire":
        if (this.isHolding) this.faults.push("acquires what it holds");
        this.isHolding = true;
        return;
      case "leave":
      case "release":
        if (!this.isHolding && command.do === "release") this.faults.push("releases what it does not hold");
        this.isHolding = false;
        return;
      case "send":
      case "respond":
        if (!this.isHolding) this.faults.push(`${command.do} without a connection`);
        this.isResponding ||= command.do === "respond";
        return;
      case "settle":
        return;
      case "take-retry":
        this.retries++;
        return;
      case "refuse":
        if (this.isResponding) this.faults.push("refuses within a response");
        this.ends++;
        return;
      case "cut":
      case "finish":
        if (!this.isResponding) this.faults.push(`${command.do} without a response`);
        this.ends++;
        return;
      case "answered":
      case "arm-deadline":
      case "arm-timer":
      case "back-off":
      case "disarm":
        return;
    }
  }
}

test("an exchange gives back what it took, and ends once", () => {
  fc.assert(
    fc.property(request, fc.array(happened, { maxLength: 30 }), (asked, happenings) => {
      const carrier = new Carrier();
      let { state, commands } = begin();
      let nowMs = 0;
      let tries = 0;
      for (const each of happenings) {
        for (const command of commands) carrier.take(command);
        nowMs += each.afterMs;
        if (state.kind !== "idle") tries = state.tries;
        const before = state.kind;
        ({ state, commands } = step(state, each.event, asked, each, nowMs));
        // An abort is its teller's own end.
        if (before !== "idle" && each.event.kind === "abort") carrier.ends++;
      }
      for (const command of commands) carrier.take(command);
      expect(carrier.faults).toEqual([]);
      expect(carrier.ends).toBe(state.kind === "idle" ? 1 : 0);
      expect(carrier.isHolding).toBe(state.kind !== "idle" && ["waiting", "sent", "responding"].includes(state.kind));
      expect(carrier.retries).toBeLessThanOrEqual(1);
      // One more than configured only where a kept connection was closed just then.
      expect(tries).toBeLessThanOrEqual(asked.plan.attempts + 2);
    }),
    { numRuns: 5000 },
  );
});
