import fc from "fast-check";
import { expect, test } from "vitest";
import { makeTryOrder } from "./try-order.ts";

/** An expression that is placed once all it needs is bound, and then binds a variable of its own. */
type Item = { readonly needs: readonly string[]; readonly binds: string };

/** Every expression in every pass, until a pass places none. */
function placeByPasses(items: readonly Item[]): readonly number[] {
  const bound = new Set<string>();
  const placed: number[] = [];
  for (let before = -1; before !== placed.length; ) {
    before = placed.length;
    for (const [i, { needs, binds }] of items.entries()) {
      if (placed.includes(i) || !needs.every((name) => bound.has(name))) continue;
      placed.push(i);
      bound.add(binds);
    }
  }
  return placed;
}

function placeByOrder(items: readonly Item[]): { readonly placed: readonly number[]; readonly tries: number } {
  const bound = new Set<string>();
  const placed = new Set<number>();
  const order = makeTryOrder(items.map(({ needs, binds }) => [...needs, binds]));
  let tries = 0;
  for (let i = order.next(); i !== undefined; i = order.next()) {
    tries++;
    const { needs, binds } = items[i] as Item;
    if (placed.has(i) || !needs.every((name) => bound.has(name))) continue;
    placed.add(i);
    if (!bound.has(binds)) order.bind([binds]);
    bound.add(binds);
  }
  return { placed: [...placed], tries };
}

test("the order is that of trying every expression in every pass", () => {
  const name = fc.integer({ min: 0, max: 8 }).map((i) => `x${i}`);
  const item = fc.record({ needs: fc.array(name, { maxLength: 3 }), binds: name });
  fc.assert(
    fc.property(fc.array(item, { maxLength: 12 }), (items) => {
      expect(placeByOrder(items).placed).toEqual(placeByPasses(items));
    }),
  );
});

test("a body written backwards is tried as often as it has variables, not pairs of them", () => {
  const count = 3_000;
  const items = Array.from({ length: count }, (_, i) => ({
    needs: i === count - 1 ? [] : [`x${i + 1}`],
    binds: `x${i}`,
  }));
  const { placed, tries } = placeByOrder(items);
  expect(placed).toEqual(items.map((_, i) => count - 1 - i));
  expect(tries).toBeLessThanOrEqual(4 * count);
});
