/**
 * The questions that the mesh asks a policy, each with the place it is asked,
 * what an undefined answer means and which shape an answer has.
 */
export type EntrypointKind = "authz" | "route" | "limits";

export type EntrypointSpec = {
  readonly kind: EntrypointKind;
  /** Entrypoints with which a binding may ask this question by default. */
  readonly names: readonly string[];
  readonly direction: "inbound" | "outbound";
};

export const ENTRYPOINTS: readonly EntrypointSpec[] = [
  { kind: "authz", names: ["mesh/authz/allow", "envoy/authz/allow"], direction: "inbound" },
  { kind: "route", names: ["mesh/routing/route"], direction: "outbound" },
  { kind: "limits", names: ["mesh/ratelimit/limits"], direction: "inbound" },
];
