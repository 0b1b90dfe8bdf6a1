/**
 * What a policy asks for and the role that it is compiled for does not offer, said where the
 * policy asks for it. A plan holds what its entrypoints reach and nothing else, so what only
 * a test uses, or no entrypoint, is no fault.
 */
import type { Diagnostic, Source } from "@regomesh/base";
import { CAPABILITIES, type Role, whyWithheld } from "@regomesh/policy-runtime";
import { BUILTINS, type BuiltinSignatures } from "../builtins/table.ts";
import { HOST_PARTS } from "../emit/runtime-calls.ts";
import type { IrLocation, IrPolicy } from "../ir/policy.ts";
import { eachStmt } from "../ir/walk.ts";
import { followReads, isBodyPath } from "../plan/reads.ts";
import { distinct, placesIn } from "./places.ts";

const WHO: Readonly<Record<Role, string>> = {
  inbound: "an inbound proxy",
  outbound: "an outbound proxy",
  edge: "an edge gateway",
  cli: "the command line",
  controller: "the controller",
};

const BODY_HINT = "decide by the request's head, and leave what rests on its body to the service";

const OWN_HINT =
  "a built-in of your own runs on the command line and in tests: put what it would give into the policy's data";

/** `sources` are those that the plan was made of, by whose names it knows its places. */
export function checkRole(
  role: Role,
  policy: IrPolicy,
  sources: readonly Source[],
  builtins: BuiltinSignatures = BUILTINS,
): readonly Diagnostic[] {
  const placeOf = placesIn(policy, sources);
  const found: Diagnostic[] = [];
  const report = (place: IrLocation, message: string, hint: string): void => {
    found.push({ code: "policy_not_offered", severity: "error", message, at: placeOf(place), hint });
  };
  const own = new Set((policy.funcs?.funcs ?? []).map(({ name }) => name));
  eachStmt(policy, ({ type, stmt }) => {
    if (type !== "CallStmt" || own.has(stmt.func)) return;
    const why = whyNot(role, stmt.func, builtins);
    if (why !== undefined) report(stmt, `${stmt.func} is not offered to a policy of ${WHO[role]}`, why);
  });
  if (!CAPABILITIES[role].bodies) {
    for (const [path, places] of followReads(policy)) {
      if (!isBodyPath(path)) continue;
      for (const place of places) {
        report(place, `input.${path.join(".")} is not there: ${WHO[role]} decides before the body comes`, BODY_HINT);
      }
    }
  }
  return distinct(found);
}

/** Why a built-in, or the part of it that the host brings, is withheld, and what to do instead. */
export function whyNot(role: Role, builtin: string, builtins: BuiltinSignatures = BUILTINS): string | undefined {
  const offeredTo = builtins.resolve(builtin)?.offeredTo;
  if (offeredTo !== undefined) return offeredTo.includes(role) ? undefined : OWN_HINT;
  for (const name of HOST_PARTS[builtin] ?? [builtin]) {
    const why = whyWithheld(role, name);
    if (why !== undefined) return why;
  }
  return undefined;
}
