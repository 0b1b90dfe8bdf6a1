/**
 * A reference whose key chooses among documents: those that rules make, each planned for itself, and the members of
 * a base document.
 */
import type { IrOperand } from "../ir/policy.ts";
import { append, appendBlock, bool, dot, equal, integer, local, newLocal, type Site, scan, text } from "./site.ts";
import { bindVariable, resolveVariable } from "./variables.ts";

export type Choice = {
  /** No other choice of the reference has it. */
  readonly name: string;
  /** Matches the keys that choose it, and gives what they find. */
  readonly plan: (nested: Site) => IrOperand;
};

/** All keys are known: there is at most one answer. */
export function planChosen(site: Site, choices: readonly Choice[]): IrOperand {
  const target = newLocal(site);
  append(site, { type: "ResetLocalStmt", stmt: { target } });
  for (const { plan } of choices) {
    appendBlock(site, (nested) => {
      append(nested, { type: "AssignVarStmt", stmt: { source: plan(nested), target } });
    });
  }
  append(site, { type: "IsDefinedStmt", stmt: { source: target } });
  return local(target);
}

/**
 * Collects `[value, variables…]` of every answer that one choice gives, and iterates over them before the next one is
 * asked, in their order: where an answer ends the iteration, no conflict that a later choice has is met.
 */
export function planChoices(site: Site, choices: readonly Choice[], unbound: readonly string[]): IrOperand {
  const groups = groupChoices(choices);
  const { group, turn } = scanNames(site, groups);
  const answers = planArray(site, []);
  for (const [i, members] of groups.entries()) {
    appendBlock(site, (inGroup) => {
      if (group !== undefined) equal(inGroup, group, integer(inGroup, i));
      for (const { name, plan } of members) {
        appendBlock(inGroup, (nested) => {
          equal(nested, turn, text(nested, name));
          const value = plan(nested);
          const bound = unbound.map((variable) => resolveVariable(nested.variables, variable) ?? bool(true));
          const answer = planArray(nested, [value, ...bound]);
          append(nested, { type: "ArrayAppendStmt", stmt: { value: local(answer), array: answers } });
        });
      }
    });
  }
  const answer = scan(site, local(answers)).value;
  unbound.forEach((name, i) => {
    bindVariable(site.variables, name, dot(site, answer, integer(site, i + 1)));
  });
  return dot(site, answer, integer(site, 0));
}

/** No turn looks at every choice: it finds its group, and its choice in there. */
function groupChoices(choices: readonly Choice[]): readonly (readonly Choice[])[] {
  const size = Math.max(GROUP_MIN, Math.ceil(Math.sqrt(choices.length)));
  const count = Math.ceil(choices.length / size);
  return Array.from({ length: count }, (_, i) => choices.slice(i * size, (i + 1) * size));
}

const GROUP_MIN = 16;

/** Iterates over the names of all choices, group by group where there are several. */
function scanNames(
  site: Site,
  groups: readonly (readonly Choice[])[],
): { readonly group: IrOperand | undefined; readonly turn: IrOperand } {
  const names = groups.map((members) =>
    local(
      planArray(
        site,
        members.map(({ name }) => text(site, name)),
      ),
    ),
  );
  const [only] = names;
  if (only !== undefined && names.length === 1) return { group: undefined, turn: scan(site, only).value };
  const { key, value } = scan(site, local(planArray(site, names)));
  return { group: key, turn: scan(site, value).value };
}

function planArray(site: Site, items: readonly IrOperand[]): number {
  const target = newLocal(site);
  append(site, { type: "MakeArrayStmt", stmt: { capacity: items.length, target } });
  for (const value of items) append(site, { type: "ArrayAppendStmt", stmt: { value, array: target } });
  return target;
}
