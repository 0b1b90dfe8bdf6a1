import { expect, test } from "vitest";
import { compareTypes } from "./compare-types.ts";
import { makeObjectType, makeSetType } from "./make-type.ts";
import { mergeTypes } from "./merge.ts";
import { overrideType } from "./override.ts";
import { printType } from "./print-type.ts";
import { keysOf, selectType, valuesOf } from "./select.ts";
import { ANY, BOOLEAN, NULL, NUMBER, type RegoType, STRING, UNKNOWN } from "./type.ts";
import { childKeys, extentOf, findChild, insertType, makeTree, putType } from "./type-tree.ts";
import { makeUnion } from "./union.ts";

const object = (fields: Readonly<Record<string, RegoType>>, value?: RegoType): RegoType =>
  makeObjectType(
    Object.entries(fields).map(([key, type]) => ({ key, type })),
    value === undefined ? undefined : { key: STRING, value },
  );

test.each<readonly [string, readonly RegoType[], string]>([
  ["nothing is unknown", [], "???"],
  ["one is itself", [STRING, STRING], "string"],
  ["members have one order", [object({}), STRING, NUMBER, NULL], "any<null, number, string, object>"],
  ["unions are flat", [makeUnion([STRING, NUMBER]), makeUnion([BOOLEAN, STRING])], "any<boolean, number, string>"],
  ["any takes all", [STRING, ANY], "any"],
  [
    "a function and a value are nothing",
    [{ kind: "function", args: [], result: ANY, isVariadic: false }, STRING],
    "???",
  ],
  ["too many are any", Array.from({ length: 200 }, (_, i) => object({ [`k${i}`]: NUMBER })), "any"],
])("a union: %s", (_, types, want) => {
  expect(printType(makeUnion(types))).toBe(want);
  expect(compareTypes(makeUnion(types), makeUnion([...types].reverse()))).toBe(0);
});

test.each<readonly [string, RegoType, RegoType, string]>([
  ["sets are one", makeSetType(STRING), makeSetType(NUMBER), "set[any<number, string>]"],
  [
    "objects made piece by piece are one",
    object({}, STRING),
    object({}, NUMBER),
    "object[string: any<number, string>]",
  ],
  ["the empty object is one of them", object({}), object({}, NUMBER), "object[string: number]"],
  [
    "objects with fields stay apart",
    object({ a: STRING }),
    object({}, NUMBER),
    "any<object<a: string>, object[string: number]>",
  ],
  [
    "a piece joins its like in a union",
    makeUnion([STRING, object({}, STRING)]),
    object({}, NUMBER),
    "any<string, object[string: any<number, string>]>",
  ],
])("merging rules: %s", (_, a, b, want) => {
  expect(printType(mergeTypes(a, b))).toBe(want);
  expect(printType(mergeTypes(b, a))).toBe(want);
});

test("what lies in a value: by a key, and by any", () => {
  const table = makeUnion([object({ a: NUMBER }, STRING), { kind: "array", items: [BOOLEAN], rest: undefined }]);
  const zero = { text: "0", type: NUMBER };
  expect([selectType(table, "a"), selectType(table, "b"), selectType(table, zero)].map(printType)).toEqual([
    "number",
    "string",
    "boolean",
  ]);
  expect(printType(selectType(table, { text: "0.0", type: NUMBER }))).toBe("???");
  expect([keysOf(table), valuesOf(table), valuesOf(STRING)].map(printType)).toEqual([
    "any<number, string>",
    "any<boolean, number, string>",
    "???",
  ]);
});

test("a schema of a part leaves the rest as it is", () => {
  const whole = object({ a: object({ b: NUMBER }), c: STRING });
  expect(printType(overrideType(whole, ["a", "x"], NULL))).toBe("object<a: object<b: number, x: null>, c: string>");
  expect(printType(overrideType(ANY, ["a"], NULL))).toBe("object<a: null>[any: any]");
});

test("a tree has what rules give above and below each other", () => {
  const tree = makeTree();
  insertType(tree, ["data", "p"], object({}, NUMBER));
  insertType(tree, ["data", "p", "q"], STRING);
  expect(printType(extentOf(findChild(tree, "data") ?? tree))).toBe(
    "object<p: object[string: any<number, string>]>[string: any]",
  );
  putType(tree, ["data", "r"], UNKNOWN);
  expect(printType(extentOf(findChild(tree, "data") ?? tree))).toContain("r: ???");
});

test("a tree has strings and other constants of one text apart", () => {
  const tree = makeTree();
  const keys = ["1", "\u00001", '\u0000"1', { text: "1", type: NUMBER }, { text: '["1"]', type: ANY }];
  for (const key of keys) putType(tree, [key], typeof key === "string" ? STRING : key.type);
  expect(childKeys(tree)).toHaveLength(keys.length);
  expect(keys.map((key) => findChild(tree, key)?.key)).toEqual(keys);
});
