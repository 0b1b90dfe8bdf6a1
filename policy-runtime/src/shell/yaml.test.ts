import { expect, test } from "vitest";
import { isYaml, marshalYaml, unmarshalYaml } from "./yaml.ts";

test("YAML is read as Go's library reads it", () => {
  expect(unmarshalYaml("a: yes\nb: 0o17\nc: [1, 2.5, ~]\nd: 2001-01-01")).toMatchObject({ a: true, c: [1, 2.5, null] });
  expect(unmarshalYaml("")).toBe(null);
  expect(isYaml("a: [1")).toBe(false);
  expect(isYaml(1)).toBe(false);
});

test("aliases that unfold without end are refused", () => {
  const levels = Array.from({ length: 12 }, (_, i) => `l${i + 1}: &l${i + 1} [${`*l${i},`.repeat(9)}]`);
  expect(isYaml(`l0: &l0 x\n${levels.join("\n")}`)).toBe(false);
});

test("what is written is read back, with sorted keys", () => {
  const value = { b: [1, "yes", null, { d: "2001-01-01" }], a: { c: "x\ny" } };
  expect(unmarshalYaml(marshalYaml(value))).toEqual(value);
  expect(marshalYaml({ b: 1, a: [1] })).toBe("a:\n- 1\nb: 1\n");
});
