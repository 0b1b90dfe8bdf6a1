import { expect, test } from "vitest";
import { RequestIds } from "./request-ids.ts";

test("ids are version 4 UUIDs, none twice, each with its line", () => {
  const ids = new RequestIds();
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const id = ids.next();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Buffer.from(ids.lines.bytes).toString("latin1")).toBe(`x-request-id: ${id}\r\n`);
    seen.add(id);
  }
  expect(seen.size).toBe(2000);
});
