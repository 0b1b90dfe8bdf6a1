import { expect, test } from "vitest";
import { findRevoked, indexRevoked, parseSerial } from "./revoked.ts";

test.each([
  ["0A:1B:00", "a1b00"],
  ["0x0a1b", "a1b"],
  ["00", "0"],
  ["5E", "5e"],
  ["f".repeat(40), "f".repeat(40)],
  ["", undefined],
  ["0x", undefined],
  ["5g", undefined],
  ["5E:", undefined],
  ["5:E", undefined],
  ["f".repeat(41), undefined],
])("the serial number %s is %s", (text, serial) => {
  expect(parseSerial(text)).toBe(serial);
});

const WEB = { serial: "5e", principal: "spiffe://td/web", workload: "default/web", notBeforeMs: 1000 };
const TAKEN = { workload: "default/web", principal: "spiffe://td/web", beginsBeforeMs: 1001 };

test.each([
  ["by its serial", { serials: ["5e"], workloads: [] }, WEB, true],
  ["by another's", { serials: ["5f"], workloads: [] }, WEB, false],
  ["with its workload's", { serials: [], workloads: [TAKEN] }, WEB, true],
  ["with its workload's, and begins later", { serials: [], workloads: [TAKEN] }, { ...WEB, notBeforeMs: 1001 }, false],
  [
    "with those of a workload of the same identity",
    { serials: [], workloads: [{ ...TAKEN, workload: "default/v2" }] },
    WEB,
    false,
  ],
  ["and names no workload", { serials: [], workloads: [TAKEN] }, { ...WEB, workload: undefined }, true],
  ["with another identity's", { serials: [], workloads: [{ ...TAKEN, principal: "spiffe://td/x" }] }, WEB, false],
])("a certificate that is taken back %s", (_, revoked, certificate, isTaken) => {
  expect(findRevoked(indexRevoked(revoked), certificate) !== undefined).toBe(isTaken);
});
