import { expect, test } from "vitest";
import { overlaps } from "./overlap.ts";
import { parseSignatures } from "./signature.ts";
import { BUILTINS, makeSignatures } from "./table.ts";
import { ANY, NUMBER, printType, STRING } from "./type.ts";

test("parseSignatures reads arguments, result and marks", () => {
  const [signature] = parseSignatures("f(array<string | number>, {op: string, ...}) -> [any, null] : deprecated");
  expect(signature?.args.map(printType)).toEqual(["array[any<number, string>]", "object<op: string>[any: any]"]);
  expect(signature?.result && printType(signature.result)).toBe("array<any, null>");
  expect(signature).toMatchObject({ name: "f", arity: 2, isVoid: false, isDeprecated: true, isRelation: false });
});

test.each(["f(", "f(strange)", "f(string) -> ", "f(string) : odd"])("parseSignatures refuses %j", (line) => {
  expect(() => parseSignatures(line)).toThrow("not a built-in's signature");
});

test("the table knows OPA's built-ins, and a host may add its own", () => {
  expect(BUILTINS.resolve("walk")).toMatchObject({ arity: 1, isRelation: true });
  expect(BUILTINS.resolve("internal.print")).toMatchObject({ arity: 1, isVoid: true });
  expect(BUILTINS.resolve("time.now_ns")).toMatchObject({ arity: 0, isNondeterministic: true });
  expect(BUILTINS.resolve("mesh.quota")).toBeUndefined();
  expect(makeSignatures("mesh.quota(string) -> number").resolve("mesh.quota")?.arity).toBe(1);
});

const fixed = (...items: (typeof ANY)[]) => ({ kind: "array", items, rest: undefined }) as const;

test("overlaps refuses only what is certainly apart", () => {
  expect(overlaps(NUMBER, STRING)).toBe(false);
  expect(overlaps(NUMBER, ANY)).toBe(true);
  expect(overlaps(fixed(NUMBER), fixed(STRING))).toBe(false);
  expect(overlaps(fixed(NUMBER), fixed(NUMBER, NUMBER))).toBe(false);
  expect(overlaps(fixed(NUMBER), { kind: "array", items: [], rest: STRING })).toBe(false);
  expect(overlaps({ kind: "set", of: NUMBER }, { kind: "set", of: STRING })).toBe(true); // both may be empty
});
