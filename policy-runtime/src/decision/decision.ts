/**
 * What a policy decided, as values: the strict reading of an entrypoint's result. A wrong type
 * is a fault, never ignored, and so is an unknown field, but for those of an allow object, which
 * opa-envoy-plugin passes over.
 */
import type { Json } from "../json.ts";

export type Fields = readonly (readonly [name: string, value: string])[];

/** Why an entrypoint gave no usable answer; the closed list that logs and clients see. */
export type PolicyFault =
  | "policy_type_error"
  | "policy_conflict"
  | "policy_trap"
  | "policy_fuel_exhausted"
  | "policy_memory_exhausted"
  | "policy_depth_exceeded"
  | "policy_abi_mismatch"
  | "policy_missing";

/** One entrypoint's outcome. `undefined` is Rego's: no rule held. */
export type Outcome<T> =
  | { readonly kind: "defined"; readonly value: T }
  | { readonly kind: "undefined" }
  | { readonly kind: "fault"; readonly fault: PolicyFault; readonly message: string };

/** `mesh/authz/allow`: a boolean, or opa-envoy-plugin's object. */
export type AuthzDecision = {
  readonly allowed: boolean;
  /** Request fields to set when allowed, response fields when denied. */
  readonly headers: Fields;
  readonly responseHeadersToAdd: Fields;
  readonly requestHeadersToRemove: readonly string[];
  readonly queryParametersToSet: Fields;
  readonly queryParametersToRemove: readonly string[];
  /** Content of the denial. */
  readonly body: string | undefined;
  /** Status of the denial; 403 where the policy gives none. */
  readonly httpStatus: number;
  /** For whoever comes after the policy. */
  readonly dynamicMetadata: { readonly [key: string]: Json } | undefined;
};

/** What is done with a request, for a whole route or for one of its targets. */
export type RouteActions = {
  readonly rewrite: RouteRewrite | undefined;
  readonly redirect: RouteRedirect | undefined;
  readonly respond: { readonly status: number; readonly body: string; readonly headers: Fields } | undefined;
  readonly requestHeaders: FieldChanges | undefined;
  readonly responseHeaders: FieldChanges | undefined;
  readonly mirrors: readonly RouteMirror[];
};

/** Where a path's new beginning comes in: in place of `match`, or of the first segment where it is absent. */
type NewPath = { readonly path?: string; readonly prefix?: string; readonly match?: string };

export type RouteRewrite = NewPath & { readonly authority?: string };

/** `authority`, or `host` and `port` apart: what neither says stays. */
export type RouteRedirect = NewPath & {
  readonly status: number;
  readonly scheme?: string;
  readonly authority?: string;
  readonly host?: string;
  readonly port?: number;
};

export type RouteMirror = { readonly to: string; readonly port: number | undefined; readonly percent: number };

export type RouteTarget = {
  /** Name of a MeshService, `orders` or `orders.namespace`; "" where the target redirects or responds. */
  readonly to: string;
  /** Of the service; its first port where undefined. */
  readonly port: number | undefined;
  readonly subset: string | undefined;
  /** Share of the traffic, relative to the sum of the weights; at least one is above 0. */
  readonly weight: number;
  /** What is done beside what the route says of all; undefined: nothing. */
  readonly actions: RouteActions | undefined;
};

export type RetryPolicy = {
  /** Tries after the first one. */
  readonly attempts: number;
  readonly perTryMs: number | undefined;
  readonly on: readonly RetryCondition[];
  /** Of responses after which another try is made, beside those that `on` covers. */
  readonly statuses: readonly number[];
  /** At least so long before the second try, and at most that doubled with each. */
  readonly backoffMs: number | undefined;
};
export type RetryCondition = "connect" | "reset" | "timeout" | "5xx" | "gateway-error" | "unavailable";

export type FieldChanges = { readonly set: Fields; readonly add: Fields; readonly remove: readonly string[] };

/** `mesh/routing/route`. Every field may be absent; an absent `targets` is the service's default route. */
export type RouteDecision = RouteActions & {
  readonly targets: readonly RouteTarget[] | undefined;
  readonly timeoutMs: number | undefined;
  /** Of one try, where `retry` says none. */
  readonly perTryMs: number | undefined;
  readonly retry: RetryPolicy | undefined;
  readonly fault: { readonly delayMs?: number; readonly abortStatus?: number; readonly percent: number } | undefined;
  readonly hashKey: string | undefined;
};

/** One member of `mesh/ratelimit/limits`. */
export type LimitDecision = {
  readonly key: string;
  /** Requests a window. */
  readonly limit: number;
  readonly windowMs: number;
  readonly burst: number;
  readonly scope: "local" | "global";
  readonly cost: number;
};
