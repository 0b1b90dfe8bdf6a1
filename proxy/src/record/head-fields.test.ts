import { expect, test } from "vitest";
import { readFields } from "./head-fields.ts";

const read = (...lines: readonly string[]) => {
  const head = Buffer.from(
    `GET / HTTP/1.1\r\n${lines.map((line) => `${line}\r\n`).join("")}\r\nrest: of a body`,
    "latin1",
  );
  return readFields(head, head.indexOf("\r\n\r\n") + 4);
};

test("fields are kept by name, secret values are masked, the proxy's own are left out", () => {
  expect(read("Host: orders", "Authorization: Bearer abc", "cookie:a=b", "X-User:\talice ", "X-Request-Id: 1")).toEqual(
    [
      { name: "host", value: "orders" },
      { name: "authorization", value: "Bearer ***" },
      { name: "cookie", value: "***" },
      { name: "x-user", value: "alice" },
    ],
  );
});

test("what is kept is bounded, in fields, in letters of one and of all", () => {
  expect(read(...Array.from({ length: 100 }, (_, n) => `f${n}: 1`)).length).toBe(32);
  expect(read(`f: ${"x".repeat(5000)}`)[0]?.value.length).toBe(256);
  const all = read(...Array.from({ length: 30 }, (_, n) => `f${n}: ${"x".repeat(250)}`));
  expect(all.reduce((sum, { name, value }) => sum + name.length + value.length, 0)).toBeLessThanOrEqual(4096);
});
