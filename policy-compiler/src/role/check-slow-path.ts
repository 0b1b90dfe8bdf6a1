/**
 * Where a decision cannot be had from the request's head alone: what a policy takes of `input` that
 * is no constant path with a reader of its own (optimize/input-slots.ts) makes the sidecar build
 * the whole document first. That is right, and slow: it is said where the policy asks for it.
 */
import type { Diagnostic, Source } from "@regomesh/base";
import { coreOf } from "../core/from-ir.ts";
import { codesOf } from "../core/module.ts";
import type { Region } from "../core/op.ts";
import { eachOp } from "../core/walk.ts";
import type { IrLocation, IrPolicy } from "../ir/policy.ts";
import { SlotKind } from "../link/runtime-layout.ts";
import { projectInput, slotKind } from "../optimize/input-slots.ts";
import { distinct, placesIn } from "./places.ts";

const HINT =
  "read the request by constant paths, input.attributes.request.http.path and the like: those are read off its head";

/** `sources` are those that the plan was made of, by whose names it knows its places. */
export function checkSlowPath(policy: IrPolicy, sources: readonly Source[]): readonly Diagnostic[] {
  const module = coreOf(policy);
  for (const code of codesOf(module)) projectInput(code);
  const placeOf = placesIn(policy, sources);
  const found: Diagnostic[] = [];
  for (const func of module.functions) {
    const who = ruleOf(func);
    for (const { what, at } of documentUses(func.body)) {
      const message = `${who} reads ${what}: the slow path is used, on which each request's document is built`;
      found.push({ code: "slow_path", severity: "warning", message, at: placeOf(at), hint: HINT });
    }
  }
  return distinct(found);
}

type Use = { readonly what: string; readonly at: IrLocation };

function documentUses(regions: readonly Region[]): readonly Use[] {
  const found: Use[] = [];
  eachOp(regions, (op) => {
    const { at } = op;
    if (op.kind === "need-input") found.push({ what: "all of input", at });
    else if (op.kind === "input" && slotKind(op.path) === SlotKind.document)
      found.push({ what: `input.${op.path.join(".")}, which the head does not say`, at });
  });
  return found;
}

/** `data.mesh.authz.allow` of the function `g0.data.mesh.authz.allow` that makes its value. */
function ruleOf({ name }: { readonly name: string }): string {
  return name.split(".").slice(1).join(".");
}
