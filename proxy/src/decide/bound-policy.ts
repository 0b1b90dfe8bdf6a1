/**
 * A policy as one direction of a workload asks it: which entrypoints, in which order
 * they count. Made once for each snapshot.
 *
 * A request is allowed if every mandatory unit allows and, of each namespace that binds
 * others, every unit of the most specific tier that has any allows. Limits are united. The most specific route
 * wins. Shadow entrypoints are asked, but decide nothing.
 */
import { lackingIn, type Policy, type Role } from "@regomesh/policy-runtime";
import type { BoundEntrypoint, PolicyRef, SnapshotProblem } from "@regomesh/protocol";

export type BoundRef = { readonly bit: number; readonly bound: BoundEntrypoint };

export type BoundPolicy = {
  readonly policy: Policy;
  /** Everything that is asked in one call. */
  readonly mask: number;
  readonly authz: readonly BoundRef[];
  readonly limits: readonly BoundRef[];
  /** Most specific first. */
  readonly routes: readonly BoundRef[];
  readonly shadows: readonly Shadow[];
};

/** An entrypoint in shadow, with what would decide if it were enforced. */
export type Shadow = {
  readonly ref: BoundRef;
  readonly authz: readonly BoundRef[];
  readonly routes: readonly BoundRef[];
};

/** Most specific first; mandatory units decide before everyone else's. */
const SPECIFICITY: Readonly<Record<BoundEntrypoint["tier"], number>> = {
  mandatory: 3,
  workload: 2,
  namespace: 1,
  default: 0,
};

/** Finds the entrypoints of a reference in the module that was opened for it, to be asked in this role. */
export function bindPolicy(
  role: Role,
  policy: Policy,
  ref: PolicyRef,
): { readonly bound?: BoundPolicy; readonly problems: readonly SnapshotProblem[] } {
  const problems: SnapshotProblem[] = [];
  const refs: BoundRef[] = [];
  for (const bound of ref.entrypoints) {
    const bit = policy.meta.entrypoints.findIndex((entrypoint) => entrypoint.name === bound.name);
    if (bit >= 0) refs.push({ bit, bound });
    else {
      problems.push({
        code: "policy_entrypoint",
        message: `binding ${bound.binding} names entrypoint ${bound.name}, which module ${ref.module.slice(0, 12)} does not have`,
      });
    }
  }
  if (lackingIn(role, policy.meta)?.bodies === true) {
    problems.push({
      code: "policy_reads_body",
      message: `module ${ref.module.slice(0, 12)} reads the request's body, which this proxy does not offer to policies`,
    });
  }
  if (problems.length > 0) return { problems };
  const enforced = refs.filter(({ bound }) => bound.mode === "enforce");
  const kind = (wanted: BoundEntrypoint["kind"]): BoundRef[] => enforced.filter(({ bound }) => bound.kind === wanted);
  return {
    problems,
    bound: {
      policy,
      mask: refs.reduce((mask, { bit }) => mask | (1 << bit), 0),
      authz: decisive(kind("authz")),
      limits: kind("limits"),
      routes: bySpecificity(kind("route")),
      shadows: refs
        .filter(({ bound }) => bound.mode === "shadow")
        .map((ref) => ({
          ref,
          authz: ref.bound.kind === "authz" ? decisive([...kind("authz"), ref]) : [],
          routes: ref.bound.kind === "route" ? bySpecificity([...kind("route"), ref]) : [],
        })),
    },
  };
}

function bySpecificity(refs: readonly BoundRef[]): readonly BoundRef[] {
  return [...refs].sort((a, b) => SPECIFICITY[b.bound.tier] - SPECIFICITY[a.bound.tier]);
}

/** Every mandatory unit, and those of the most specific other tier of each namespace: a tier ranks units of its own alone. */
function decisive(refs: readonly BoundRef[]): readonly BoundRef[] {
  const isMandatory = ({ bound }: BoundRef) => bound.tier === "mandatory";
  const most = new Map<string, number>();
  for (const { bound } of refs.filter((ref) => !isMandatory(ref))) {
    const namespace = namespaceOf(bound);
    most.set(namespace, Math.max(most.get(namespace) ?? -1, SPECIFICITY[bound.tier]));
  }
  const decides = (ref: BoundRef) => SPECIFICITY[ref.bound.tier] === most.get(namespaceOf(ref.bound));
  return [...refs.filter(isMandatory), ...refs.filter((ref) => !isMandatory(ref) && decides(ref))];
}

/** Bindings are named `namespace/name`. */
function namespaceOf({ binding }: BoundEntrypoint): string {
  return binding.slice(0, Math.max(0, binding.indexOf("/")));
}
