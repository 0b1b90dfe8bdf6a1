import { expect, test } from "vitest";
import { findDuplicateKeys } from "./duplicate-keys.ts";

test.each<[text: string, found: readonly [key: string, offset: number][]]>([
  ['{"a":1,"b":{"a":2}}', []],
  ['{"a":1,"a":2}', [["a", 7]]],
  ['{"a":1,"\\u0061":2}', [["a", 7]]],
  ['[{"a":[1,{"b":1}],"b":2,"a":3},{"a":1}]', [["a", 24]]],
  ['{"a":"{\\"a\\":1,","b":"a","c":["c","c"]}', []],
  [
    '{"x":{"y":1,"y":2},"x":3}',
    [
      ["y", 12],
      ["x", 19],
    ],
  ],
  ['{"\\"":1,"\\\\":2,"\\"":3}', [['"', 15]]],
  ['"a"', []],
])("keys that stand twice in %s", (text, found) => {
  expect(findDuplicateKeys(text).map(({ key, offset }) => [key, offset])).toEqual(found);
});
