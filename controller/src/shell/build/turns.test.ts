import { expect, test } from "vitest";
import { type BuildTools, makeAnew, TurnOver, type UnitFiles } from "../../build/tools.ts";
import { remember } from "./remember.ts";
import { inTurns } from "./turns.ts";

const unit = (name: string): UnitFiles => ({ name, directory: name, files: [{ name: `${name}/p.rego`, text: name }] });
const units = Array.from({ length: 7 }, (_, at) => unit(`u${at}`));

/** Each test takes four of the ten milliseconds that a turn has; `more`: what an order takes beside them. */
function play(more: number, isBounded = true) {
  let cpuMs = 0;
  const ran: string[] = [];
  const slow: BuildTools & { cpuMs(): number } = {
    version: "v",
    parse: () => ({ resources: [], heads: [], diagnostics: [] }),
    compile: () => ({ diagnostics: [] }),
    meaningOf: ({ name }) => name,
    digest: (value) => JSON.stringify(value),
    again: makeAnew,
    test: ({ name }) => {
      ran.push(name);
      cpuMs += 4;
      return { diagnostics: [], passed: 1, failed: [], cpuMs: 4 };
    },
    cpuMs: () => cpuMs,
  };
  const turns = inTurns(slow, 10);
  const tools = remember(turns.tools);
  const order = (): boolean => {
    turns.begin(isBounded);
    cpuMs += more;
    try {
      for (const each of units) tools.test(each);
      return true;
    } catch (error) {
      if (error instanceof TurnOver) return false;
      throw error;
    }
  };
  let turn = 1;
  while (!order()) turn++;
  return { turn, ran: ran.join(" ") };
}

test.each([
  ["as many as fit a turn", 0, true, 3],
  ["one of each turn, where an order takes all of its time otherwise", 100, true, 7],
  ["all in one where it may not be left", 100, false, 1],
])("what is made anew is made once, %s", (_, more, isBounded, turn) => {
  expect(play(more, isBounded)).toEqual({ turn, ran: "u0 u1 u2 u3 u4 u5 u6" });
});
