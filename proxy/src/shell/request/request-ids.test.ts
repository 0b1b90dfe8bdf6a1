import { RequestId } from "@regomesh/policy-runtime";
import { expect, test } from "vitest";
import { asciiBytes } from "../../http1/characters.ts";
import { isRequestId, RequestIds } from "./request-ids.ts";

test("ids are version 4 UUIDs, none twice, each with its line", () => {
  const ids = new RequestIds();
  const id = new RequestId();
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    ids.next(id);
    expect(id.text()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Buffer.from(ids.lines.bytes).toString("latin1")).toBe(`x-request-id: ${id.text()}\r\n`);
    seen.add(id.text());
  }
  expect(seen.size).toBe(2000);
});

test.each([
  ["a", true],
  ["AZaz09._~+/=:@-", true],
  ["x".repeat(128), true],
  ["x".repeat(129), false],
  ["", false],
  ['r"2', false],
  ["a b", false],
  ["a,b", false],
  ["a\\", false],
  ["\xe9", false],
])("%j of a client is an id: %s", (text, isId) => {
  const bytes = asciiBytes(`-${text}-`);
  expect(isRequestId(bytes, 1, bytes.length - 1)).toBe(isId);
});
