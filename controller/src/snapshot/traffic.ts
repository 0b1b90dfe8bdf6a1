/** Numbers of a TrafficPolicy as a snapshot carries them, every default filled in by the schema. */
import type { TrafficSettings } from "@regomesh/protocol";
import { TRAFFIC_DEFAULTS, type TrafficPolicy } from "@regomesh/resources";

const BALANCERS = { LeastRequest: "least-request", RoundRobin: "round-robin", Random: "random" } as const;

/** The settings of a service; the defaults where it has no policy. */
export function toTrafficSettings(policy: TrafficPolicy | undefined): TrafficSettings {
  const { balancer, timeouts, retries, breaker, pool } = policy?.spec ?? TRAFFIC_DEFAULTS;
  return {
    balancer: BALANCERS[balancer],
    connectTimeoutMs: timeouts.connect,
    requestTimeoutMs: timeouts.request,
    idleTimeoutMs: timeouts.idle,
    connectionsMax: pool.connectionsMax,
    pendingMax: pool.pendingMax,
    retry: {
      attempts: retries.attempts,
      perTryMs: retries.perTry,
      on: retries.on,
      budgetPercent: retries.budgetPercent,
      budgetMin: retries.budgetMin,
    },
    breaker: {
      failuresMax: breaker.failures,
      openMs: breaker.open,
      // No bound stays none.
      openMaxMs: breaker.openMax === 0 ? 0 : Math.max(breaker.open, breaker.openMax),
    },
  };
}
