import fc from "fast-check";
import { expect, test } from "vitest";
import { applyChange, changeOf, type Fields } from "./change.ts";

const KEYS = { items: ({ id }: Fields) => String(id) };
const value = fc.oneof(fc.integer({ min: 0, max: 2 }), fc.constantFrom("a", "b"), fc.array(fc.integer({ max: 1 })));
const item = fc
  .record({ id: fc.constantFrom("a", "b", "c", "d", "e", "f"), x: value, y: fc.option(value, { nil: undefined }) })
  .map(({ y, ...rest }): Fields => (y === undefined ? rest : { ...rest, y }));
const body = fc
  .record({
    items: fc.uniqueArray(item, { selector: ({ id }) => id, maxLength: 6 }),
    total: value,
    note: fc.option(value, { nil: undefined }),
  })
  .map(({ note, ...rest }): Fields => (note === undefined ? rest : { ...rest, note }));

test("a body and a change make the body that the change was made for, over JSON as over memory", () => {
  fc.assert(
    fc.property(body, body, (before, after) => {
      const change = changeOf(before, after, KEYS);
      if (change === undefined) expect(before).toEqual(after);
      else expect(applyChange(before, JSON.parse(JSON.stringify(change)))).toEqual(after);
    }),
    { numRuns: 2000 },
  );
});

test("nothing is said of what stays, and it stays the same object", () => {
  const before = {
    total: 1,
    items: [
      { id: "a", x: 1 },
      { id: "b", x: 1, y: 2 },
      { id: "c", x: 1 },
    ],
  };
  const after = {
    total: 1,
    items: [
      { id: "a", x: 1 },
      { id: "b", x: 3 },
      { id: "bb", x: 0 },
      { id: "d", x: 1 },
    ],
  };
  const change = changeOf(before, after, KEYS);
  expect(change).toEqual({
    fields: {},
    lists: {
      items: {
        gone: [2],
        come: [
          [2, { id: "bb", x: 0 }],
          [3, { id: "d", x: 1 }],
        ],
        changed: [[1, { x: 3, y: null }]],
      },
    },
  });
  expect(changeOf(after, after, KEYS)).toBeUndefined();
  expect(change && applyChange(before, change).items[0]).toBe(before.items[0]);
});

test("a list whose items change places is told whole", () => {
  const [a, b] = [{ id: "a" }, { id: "b" }];
  expect(changeOf({ items: [a, b] }, { items: [b, a] }, KEYS)).toEqual({ fields: { items: [b, a] }, lists: {} });
});
