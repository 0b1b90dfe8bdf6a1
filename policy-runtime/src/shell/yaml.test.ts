import { expect, test } from "vitest";
import { isYaml, marshalYaml, unmarshalYaml } from "./yaml.ts";

test("YAML is read as OPA reads it", () => {
  expect(unmarshalYaml("a: yes\nb: 0o17\nc: [1, 2.5, ~]\nd: 2001-01-01")).toEqual({
    ...{ a: "yes", b: 15, c: [1, 2.5, null], d: "2001-01-01" },
  });
  expect(JSON.stringify(unmarshalYaml("a: 9007199254740993"))).toBe('{"a":9007199254740993}');
  expect(unmarshalYaml("")).toBe(null);
  expect(isYaml("a: [1")).toBe(false);
  expect(isYaml(1)).toBe(false);
});

test("aliases that unfold without end are refused", () => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
  expect(isYaml(`l0: &l0 x\n${levels.join("\n")}`)).toBe(false);
  expect(isYaml("a: &a [*a]")).toBe(false);
});

test("what is written is read back, with sorted keys", () => {
  const value = { b: [1, "yes", null, { d: "2001-01-01" }], a: { c: "x\ny" } };
  expect(unmarshalYaml(marshalYaml(value))).toEqual(value);
  expect(marshalYaml({ b10: 1, b9: [1] })).toBe("b9:\n  - 1\nb10: 1\n");
});
