import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type Backend, exchange, openBackend, openBench } from "../../test/bench.ts";

let folder: string;
let backend: Backend;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-text-"));
  backend = await openBackend();
});
afterEach(async () => {
  await backend.close();
  await rm(folder, { recursive: true });
});

test.each([1, 2])(
  "with %d workers a line of text has Envoy's fields first, and a client ends none of them",
  async (workers) => {
    const accessLog = join(folder, "access.log");
    const bench = await openBench(backend.port, [backend.port], { accessLog, logFormat: "text", workers });
    await exchange(bench.outbound, "GET http://orders/a HTTP/1.1\r\nHost: orders\r\nX-Request-Id: r-1\r\n\r\n");
    await exchange(bench.outbound, 'GET http://nobody/b?c="d HTTP/1.1\r\nHost: orders\r\nX-Request-Id: r"2\r\n\r\n');
    await bench.close();
    const lines = (await readFile(accessLog, "utf8")).trimEnd().split("\n");
    const web = '"spiffe://cluster.local/ns/default/sa/web"';
    const told = lines
      .map((line) =>
        line
          .replace(/^\[\d{4}-\d\d-\d\dT[\d:.]+Z\] /, "")
          .replace(/ \d+\.\d{3} \d+\.\d{3} /, " MS US ")
          .replace(/ [0-9A-Z]{10} /, " DECISION ")
          .replaceAll(String(backend.port), "PORT"),
      )
      .sort();
    expect(told).toEqual([
      `"GET /a" 200 - 0 14 MS US "r-1" "orders.default" "127.0.0.1:PORT" 1 outbound allowed ${web} - r1 "-" "-"`,
      `"GET /b?c=\\"d" 404 no_such_service 0 259 MS US "-" "nobody" "-" 0 outbound broken ${web} DECISION r1 "-" "nobody"`,
    ]);
  },
);
