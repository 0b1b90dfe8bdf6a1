import { expect, test } from "vitest";
import { encodeCheck, isServing } from "./health.ts";

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

test.each([
  ["the server as a whole", "", ""],
  ["one service", "a.B", "0a 03 61 2e 42"],
  ["one whose name has two octets of length", "a".repeat(200), `0a c8 01 ${"61".repeat(200)}`],
])("a check of %s", (_, service, wanted) => {
  expect(encodeCheck(service).toString("hex")).toBe(hex(wanted).toString("hex"));
});

test.each([
  ["SERVING", "08 01", true],
  ["NOT_SERVING", "08 02", false],
  ["nothing, which is UNKNOWN", "", false],
  ["SERVING behind fields that nobody knows", "12 02 08 02 1d 00000000 21 0000000000000000 08 01", true],
  ["the later of two", "08 01 08 02", false],
  ["a value that is cut off", "08", false],
  ["a text that is cut off, behind SERVING", "08 01 12 05 61", false],
  ["a length that is cut off, behind SERVING", "08 01 12 ff", false],
  ["a wire type that is none, behind SERVING", "08 01 0f", false],
  ["a group, behind SERVING", "08 01 0b", false],
])("a response of %s", (_, bytes, wanted) => {
  expect(isServing(hex(bytes))).toBe(wanted);
});
