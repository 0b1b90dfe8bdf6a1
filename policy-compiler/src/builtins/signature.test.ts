import { expect, test } from "vitest";
import { printType } from "../types/print-type.ts";
import { parseSignatures } from "./signature.ts";
import { BUILTINS, makeSignatures } from "./table.ts";

test("parseSignatures reads arguments, result and marks", () => {
  const [signature] = parseSignatures("f(array<string | number>, {op: string, ...}) -> [any, null] : deprecated");
  expect(signature?.args.map(printType)).toEqual(["array[any<number, string>]", "object<op: string>[any: any]"]);
  expect(signature?.result && printType(signature.result)).toBe("array<any, null>");
  expect(signature).toMatchObject({ name: "f", arity: 2, isVoid: false, isDeprecated: true, isRelation: false });
});

test.each(["f(", "f(strange)", "f(string) -> ", "f(string) : odd"])("parseSignatures refuses %j", (line) => {
  expect(() => parseSignatures(line)).toThrow("not a built-in's signature");
});

test("the names are there as often as they are asked for", () => {
  expect([...BUILTINS.names]).toEqual([...BUILTINS.names]);
  expect(BUILTINS.names.length).toBeGreaterThan(200);
});

test("the table knows OPA's built-ins, and a host may add its own", () => {
  expect(BUILTINS.resolve("walk")).toMatchObject({ arity: 1, isRelation: true });
  expect(BUILTINS.resolve("internal.print")).toMatchObject({ arity: 1, isVoid: true });
  expect(BUILTINS.resolve("time.now_ns")).toMatchObject({ arity: 0, isNondeterministic: true });
  expect(BUILTINS.resolve("mesh.quota")).toBeUndefined();
  expect(makeSignatures("mesh.isLate(string) -> boolean").resolve("mesh.isLate")?.arity).toBe(1);
});
