/** TrafficPolicy: how requests to services are carried: time, tries, breakers, balancing, pools. */
import { defaulted, defaultsOf, list, object, optional, required } from "../schema/composite.ts";
import { duration, type Infer, integer, oneOf } from "../schema/schema.ts";
import { dnsLabel } from "./metadata.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

export const timeouts = object({
  connect: defaulted(duration(1, MINUTE_MS), 5000, "5 s, as in Envoy: a handshake between machines takes milliseconds"),
  request: defaulted(duration(1, HOUR_MS), 15_000, "15 s over all tries, Envoy's route timeout"),
  idle: defaulted(
    duration(1, HOUR_MS),
    90_000,
    "90 s for a pooled connection without a request: longer than common keep-alive pings, shorter than NAT tables",
  ),
});

export const retries = object({
  attempts: defaulted(integer(0, 10), 2, "two more tries, as in Istio; the budget keeps them from becoming a storm"),
  perTry: optional(duration(1, HOUR_MS), "time of one try; the request's time alone bounds it where absent"),
  on: defaulted(
    list(oneOf("connect", "reset", "5xx", "gateway-error"), 4),
    ["connect", "reset", "gateway-error"],
    "what shows that the request was not served; 5xx is the application's own word and is left to it",
  ),
  budgetPercent: defaulted(integer(0, 100), 20, "retries among active requests, Envoy's and Linkerd's share"),
  budgetMin: defaulted(integer(0, 1000), 3, "Envoy's floor, so that a quiet service may be retried at all"),
});

export const breaker = object({
  failures: defaulted(integer(1, 1_000_000), 5, "in a row, as Envoy's outlier detection"),
  open: defaulted(
    duration(1, HOUR_MS),
    1000,
    "1 s until the first trial request: local restarts are quicker than that",
  ),
  openMax: defaulted(duration(1, HOUR_MS), 30_000, "30 s, the bound of the doubling after failed trials"),
});

export const pool = object({
  connectionsMax: defaulted(integer(1, 1_000_000), 1024, "a worker and endpoint; Envoy's circuit breaker default"),
  pendingMax: defaulted(integer(0, 1_000_000), 1024, "requests waiting for a connection; Envoy's default"),
});

export const trafficPolicySpec = object({
  services: required(list(dnsLabel, 256), "MeshServices of the same namespace to which it applies"),
  balancer: defaulted(
    oneOf("LeastRequest", "RoundRobin", "Random"),
    "LeastRequest",
    "the less busy of two drawn at random: avoids slow endpoints without shared state",
  ),
  timeouts: defaulted(timeouts, defaultsOf(timeouts), "each has its own default"),
  retries: defaulted(retries, defaultsOf(retries), "each has its own default"),
  breaker: defaulted(breaker, defaultsOf(breaker), "each has its own default"),
  pool: defaulted(pool, defaultsOf(pool), "each has its own default"),
});

export type TrafficPolicySpec = Infer<typeof trafficPolicySpec>;
