import { expect, test } from "vitest";
import { fits } from "./fits.ts";
import { ANY, NUMBER, type RegoType, STRING, UNKNOWN } from "./type.ts";

const array = (items: readonly RegoType[], rest?: RegoType): RegoType => ({ kind: "array", items, rest });
const set = (of: RegoType): RegoType => ({ kind: "set", of });
const object = (fields: Readonly<Record<string, RegoType>>, rest?: RegoType): RegoType => ({
  kind: "object",
  fields: Object.entries(fields).map(([key, type]) => ({ key, type })),
  rest: rest === undefined ? undefined : { key: STRING, value: rest },
});

test.each<readonly [string, RegoType, RegoType, boolean]>([
  ["scalars of two kinds", NUMBER, STRING, false],
  ["anything and a number", ANY, NUMBER, true],
  ["what is not known fits nothing", UNKNOWN, ANY, false],
  ["tuples of other members", array([NUMBER]), array([STRING]), false],
  ["tuples of other lengths", array([NUMBER]), array([NUMBER, NUMBER]), false],
  ["a tuple and a list of others", array([NUMBER]), array([], STRING), false],
  ["a tuple and a list of its members", array([NUMBER]), array([], NUMBER), true],
  ["sets of other members", set(NUMBER), set(STRING), false],
  ["the empty set and any set", set(UNKNOWN), set(STRING), true],
  ["an object without a field of the other", object({}), object({ a: NUMBER }), false],
  ["an object with other fields too", object({}, ANY), object({ a: NUMBER }), true],
  ["a field of another type", object({ a: STRING }, ANY), object({ a: NUMBER }), false],
])("fits: %s", (_, a, b, want) => {
  expect(fits(a, b)).toBe(want);
  expect(fits(b, a)).toBe(want);
});
