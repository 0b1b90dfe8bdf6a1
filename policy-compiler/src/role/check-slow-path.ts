/**
 * Where a decision cannot be had from the request's head alone: what a policy takes of `input` that
 * is no constant path with a reader of its own (optimize/input-slots.ts) makes the sidecar build
 * the whole document first. That is right, and slow: it is said where the policy asks for it.
 */
import type { Diagnostic, Source } from "@regomesh/base";
import type { IrBlock, IrLocation, IrPolicy } from "../ir/policy.ts";
import { blocksOf } from "../ir/walk.ts";
import { SlotKind } from "../link/runtime-layout.ts";
import { projectInput, slotKind } from "../optimize/input-slots.ts";
import { distinct, placesIn } from "./places.ts";

const HINT =
  "read the request by constant paths, input.attributes.request.http.path and the like: those are read off its head";

/** `sources` are those that the plan was made of, by whose names it knows its places. */
export function checkSlowPath(policy: IrPolicy, sources: readonly Source[]): readonly Diagnostic[] {
  const projected = projectInput(policy);
  const placeOf = placesIn(policy, sources);
  const found: Diagnostic[] = [];
  for (const func of projected.funcs?.funcs ?? []) {
    const who = ruleOf(func);
    for (const { what, at } of documentUses(func.blocks)) {
      const message = `${who} reads ${what}: the slow path is used, on which each request's document is built`;
      found.push({ code: "slow_path", severity: "warning", message, at: placeOf(at), hint: HINT });
    }
  }
  return distinct(found);
}

type Use = { readonly what: string; readonly at: IrLocation };

function documentUses(blocks: readonly IrBlock[] | null): readonly Use[] {
  const found: Use[] = [];
  for (const { stmts } of blocks ?? []) {
    for (const [i, statement] of (stmts ?? []).entries()) {
      const { type, stmt } = statement;
      // It stands before what uses input, and has no place of its own.
      if (type === "NeedInputStmt") found.push({ what: "all of input", at: stmts?.[i + 1]?.stmt ?? {} });
      else if (type === "InputSlotStmt" && slotKind(stmt.path) === SlotKind.document)
        found.push({ what: `input.${stmt.path.join(".")}, which the head does not say`, at: stmt });
      found.push(...documentUses(blocksOf(statement)));
    }
  }
  return found;
}

/** `data.mesh.authz.allow` of the function `g0.data.mesh.authz.allow` that makes its value. */
function ruleOf({ name }: { readonly name: string }): string {
  return name.split(".").slice(1).join(".");
}
