/**
 * TrafficPolicy: how requests to services are carried: time, tries, breakers, balancing,
 * pools. A duration of `0s` means none: no time limit, no bound, no open breaker.
 */
import { z } from "zod";
import { duration, integer, list, oneOf } from "../schema/values.ts";
import { dnsLabel } from "./metadata.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

const timeouts = z.strictObject({
  connect: duration(0, MINUTE_MS)
    .prefault("5s")
    .describe("5 s, as in Envoy: a handshake between machines takes milliseconds"),
  request: duration(0, HOUR_MS)
    .prefault("15s")
    .describe("15 s from the request's end to the response's head, over all tries, Envoy's route timeout"),
  idle: duration(0, HOUR_MS)
    .prefault("90s")
    .describe(
      "90 s for a pooled connection without a request: longer than common keep-alive pings, shorter than NAT tables",
    ),
});

const retries = z.strictObject({
  attempts: integer(0, 10)
    .prefault(2)
    .describe("two more tries, as in Istio; the budget keeps them from becoming a storm"),
  perTry: duration(0, HOUR_MS)
    .exactOptional()
    .describe("time of one try; the request's time alone bounds it where absent"),
  on: list(oneOf("connect", "reset", "5xx", "gateway-error", "unavailable"), 5)
    .prefault(["connect", "reset", "gateway-error"])
    .describe(
      "after what another try is made where nothing can take effect twice; gateway-error: 502 to 504, or perTry is over; 5xx, the application's own word, is left to it by default; unavailable: a gRPC call that ends with UNAVAILABLE and no reply, which is then made again though it is a POST",
    ),
  budgetPercent: integer(0, 100).prefault(20).describe("retries among active requests, Envoy's and Linkerd's share"),
  budgetMin: integer(0, 1000).prefault(3).describe("Envoy's floor, so that a quiet service may be retried at all"),
});

const breaker = z.strictObject({
  failures: integer(1, 1_000_000).prefault(5).describe("in a row, as Envoy's outlier detection"),
  open: duration(0, HOUR_MS)
    .prefault("1s")
    .describe("1 s until the first trial request: local restarts are quicker than that"),
  openMax: duration(0, HOUR_MS).prefault("30s").describe("30 s, the bound of the doubling after failed trials"),
});

const pool = z.strictObject({
  connectionsMax: integer(1, 1_000_000)
    .prefault(1024)
    .describe("a worker and endpoint; Envoy's circuit breaker default"),
  pendingMax: integer(0, 1_000_000).prefault(1024).describe("requests waiting for a connection; Envoy's default"),
});

export const trafficPolicySpec = z.strictObject({
  services: list(dnsLabel, 256).describe("MeshServices of the same namespace to which it applies"),
  balancer: oneOf("LeastRequest", "RoundRobin", "Random")
    .prefault("LeastRequest")
    .describe(
      "how an endpoint is chosen; LeastRequest is the less busy of two drawn at random, which avoids slow ones without shared state",
    ),
  timeouts: timeouts.prefault({}).describe("how long is waited; each has its own default"),
  retries: retries.prefault({}).describe("which failures get another try, and how often; each has its own default"),
  breaker: breaker
    .prefault({})
    .describe("when an endpoint that fails is left out for a while; each has its own default"),
  pool: pool.prefault({}).describe("connections to an endpoint, and how many requests wait; each has its own default"),
});

export type TrafficPolicySpec = z.output<typeof trafficPolicySpec>;

/** How requests are carried to a service that no TrafficPolicy names. */
export const TRAFFIC_DEFAULTS: TrafficPolicySpec = trafficPolicySpec.parse({ services: [] });
