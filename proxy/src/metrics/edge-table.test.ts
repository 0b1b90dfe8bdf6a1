import { expect, test } from "vitest";
import { EdgeColumn, type EdgeKey, EdgeTable, REVISIONS_MAX, sumEdges, sumRevisions } from "./edge-table.ts";

const key: EdgeKey = {
  direction: "outbound",
  peerService: "orders.default",
  peerPrincipal: "",
  service: "web.default",
  subset: "",
  mtls: true,
};
const revision = (sequence: number) => ({ epoch: "e", sequence, name: `r${sequence}` });
const requests = (edges: ReturnType<EdgeTable["read"]>) =>
  edges.map((edge) => [edge.revision?.name, edge.counts[EdgeColumn.requests]]);

test("a request counts for the revision that it began with, also when another is in force", () => {
  const table = new EdgeTable();
  const row = table.row(key);
  const first = table.enforce(revision(1));
  first.count(row, "allowed", 200, 1);
  const second = table.enforce(revision(2));
  second.count(row, "denied", 403, 1);
  first.count(row, "allowed", 200, 1);
  expect(requests(table.read())).toEqual([
    ["r2", 1],
    ["r1", 2],
  ]);
});

test("a revision that comes in force again goes on counting where it was", () => {
  const table = new EdgeTable();
  const row = table.row(key);
  table.enforce(revision(1)).count(row, "allowed", 200, 1);
  table.enforce(revision(1)).count(row, "allowed", 200, 1);
  expect(requests(table.read())).toEqual([["r1", 2]]);
});

test("however many revisions come, a few are told apart and no request is lost from the total", () => {
  const table = new EdgeTable();
  const row = table.row(key);
  const first = table.enforce(revision(0));
  first.count(row, "allowed", 200, 1);
  for (let sequence = 1; sequence < 50; sequence++) {
    table.enforce(revision(sequence)).count(row, "allowed", 200, 1);
  }
  first.count(row, "allowed", 200, 1);
  const told = table.read();
  expect(told.length).toBe(REVISIONS_MAX + 1);
  expect(requests(told).at(-1)).toEqual([undefined, 1]);
  expect(requests(sumRevisions([...told, ...table.readPast()]))).toEqual([["r49", 51]]);
});

test("threads are added up revision by revision", () => {
  const [a, b] = [new EdgeTable(), new EdgeTable()];
  a.enforce(revision(1)).count(a.row(key), "allowed", 200, 1);
  b.enforce(revision(1)).count(b.row(key), "allowed", 200, 1);
  b.enforce(revision(2)).count(b.row(key), "allowed", 200, 1);
  expect(requests(sumEdges([a.read(), b.read()])).sort()).toEqual([
    ["r1", 2],
    ["r2", 1],
  ]);
});
