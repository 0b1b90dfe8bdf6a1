/** docs/operations.md names every metric and every field of the access log, and none that there is not. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { endpointAt, openStand } from "../proxy/stand/stand.ts";
import { echo, exchange, Played } from "../proxy/stand/wire.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const page = await readFile(join(ROOT, "docs/operations.md"), "utf8");
const unique = (names: Iterable<string>): readonly string[] => [...new Set(names)].sort();

test("metrics", async () => {
  const sources = ["proxy/src/metrics/print-metrics.ts", "controller/src/status/metrics.ts"];
  const texts = await Promise.all(sources.map((file) => readFile(join(ROOT, file), "utf8")));
  const printed = texts.flatMap((text) => [...text.matchAll(/["`](regomesh_[a-z_]+)/g)].map(([, name = ""]) => name));
  const named = [...page.matchAll(/\bregomesh_[a-z_]+/g)].map(([name]) => name);
  expect(unique(named)).toEqual(unique(printed));
});

test("fields of the access log", async () => {
  const app = await Played.open(echo);
  const stand = await openStand({ app: app.port, orders: [endpointAt(app.port)] });
  await stand.askOrders("/");
  await exchange(stand.outbound, "GET http://nobody/ HTTP/1.1\r\nHost: nobody\r\n\r\n");
  const records = await stand.close();
  await app.close();
  const written = records.flatMap((record) => Object.keys(record));
  const table = page.slice(page.indexOf("| field of JSON"), page.indexOf("To rotate"));
  const named = [...table.matchAll(/^\| ([^|]+) \|/gm)].flatMap(([, cell = ""]) =>
    [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name),
  );
  // Of requests that a policy decided, and of calls.
  const decided = ["rules", "shadow", "grpcStatus"];
  expect(unique(named)).toEqual(unique([...written, ...decided]));
});
