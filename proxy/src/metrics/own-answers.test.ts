import { expect, test } from "vitest";
import type { EdgeKey } from "./edge-table.ts";
import { OwnAnswerTable, sumOwnAnswers } from "./own-answers.ts";

const keyOf = (row: number): EdgeKey => ({
  direction: "inbound",
  peerService: "",
  peerPrincipal: `spiffe://m/${row}`,
  service: "orders.default",
  subset: "",
  mtls: true,
});

test("answers are counted by edge and reason, and added up over threads", () => {
  const [a, b] = [new OwnAnswerTable(), new OwnAnswerTable()];
  a.count("inbound", 0, "denied");
  a.count("inbound", 0, "denied");
  a.count("inbound", 0, "rate_limited");
  a.count("outbound", -1, "no_such_service");
  b.count("inbound", 0, "denied");
  const told = sumOwnAnswers([a.read(keyOf), b.read(keyOf)]);
  expect(told.map((one) => [one.direction, one.peerPrincipal, one.reason, one.count])).toEqual([
    ["inbound", "spiffe://m/0", "denied", 3],
    ["inbound", "spiffe://m/0", "rate_limited", 1],
    ["outbound", "", "no_such_service", 1],
  ]);
});

test("however many peers are refused, the pairs are bounded and none is lost", () => {
  const table = new OwnAnswerTable();
  for (let row = 0; row < 4000; row++) table.count("inbound", row, "denied");
  table.count("inbound", 7, "denied");
  const told = table.read(keyOf);
  expect(told.length).toBe(2049);
  expect(told.reduce((sum, { count }) => sum + count, 0)).toBe(4001);
  expect(told.find(({ peerPrincipal }) => peerPrincipal === "spiffe://m/7")?.count).toBe(2);
});
