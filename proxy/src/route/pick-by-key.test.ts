import { expect, test } from "vitest";
import { makeEndpoint } from "./endpoint.ts";
import { pickByKey } from "./pick-by-key.ts";

const make = (port: number) =>
  makeEndpoint({ address: "10.0.0.1", port, portName: "http", workload: `w${port}`, principal: "", labels: {} });
const KEYS = Array.from({ length: 4000 }, (_, i) => `user:${i}`);

test("keys spread evenly, and one more endpoint takes only its own share", () => {
  const ten = Array.from({ length: 10 }, (_, i) => make(8000 + i));
  const before = KEYS.map((key) => pickByKey(ten, key, undefined, 0));
  for (const endpoint of ten) {
    const share = before.filter((picked) => picked === endpoint).length / KEYS.length;
    expect(share).toBeGreaterThan(0.07);
    expect(share).toBeLessThan(0.13);
  }
  const more = [...ten, make(9000)];
  const moved = KEYS.filter((key, i) => pickByKey(more, key, undefined, 0) !== before[i]);
  expect(moved.length / KEYS.length).toBeLessThan(0.13);
  for (const key of moved) expect(pickByKey(more, key, undefined, 0)).toBe(more[10]);
});

test("a retry goes elsewhere where there is an elsewhere", () => {
  const [first, second] = [make(1), make(2)];
  if (first === undefined || second === undefined) throw new Error("no endpoints");
  for (const key of KEYS.slice(0, 20)) {
    const picked = pickByKey([first, second], key, undefined, 0);
    expect(pickByKey([first, second], key, picked, 0)).not.toBe(picked);
    expect(pickByKey([first], key, first, 0)).toBe(first);
  }
});
