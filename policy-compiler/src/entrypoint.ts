/** A rule that a module is asked for. */
import type { EntrypointKind } from "@regomesh/policy-runtime";

export type Entrypoint = {
  readonly unit: string;
  /** The rule's path: `mesh/authz/allow`. */
  readonly name: string;
  /** The decisions that it is asked for, where bindings say so; otherwise its name may. */
  readonly kinds?: readonly EntrypointKind[];
};
