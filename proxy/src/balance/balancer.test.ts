import { makeRandom } from "@regomesh/base";
import fc from "fast-check";
import { expect, test } from "vitest";
import { BALANCERS } from "./balancer.ts";

const endpoints = fc.array(fc.record({ isOpen: fc.boolean(), load: fc.nat(50) }), { maxLength: 12 });

test.each(Object.entries(BALANCERS))("%s never picks a closed endpoint, and finds an open one", (_, balancer) => {
  fc.assert(
    fc.property(endpoints, fc.nat(), (all, seed) => {
      const candidates = {
        length: all.length,
        isOpen: (index: number) => all[index]?.isOpen === true,
        load: (index: number) => all[index]?.load ?? 0,
      };
      const pick = balancer(candidates, makeRandom(seed), seed);
      if (all.some(({ isOpen }) => isOpen)) expect(all[pick]?.isOpen).toBe(true);
      else expect(pick).toBe(-1);
    }),
    { numRuns: 300 },
  );
});

test("least-request keeps loads near their mean", () => {
  const loads = new Array<number>(10).fill(0);
  const random = makeRandom(7);
  const candidates = { length: 10, isOpen: () => true, load: (index: number) => loads[index] ?? 0 };
  for (let i = 0; i < 10_000; i++) {
    const pick = BALANCERS["least-request"](candidates, random, i);
    loads[pick] = (loads[pick] ?? 0) + 1;
  }
  expect(Math.max(...loads)).toBeLessThan(1.25 * 1000);
});
