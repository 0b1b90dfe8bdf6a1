import { expect, test } from "vitest";
import { type HandshakeKey, HandshakeTable, sumHandshakes } from "./handshakes.ts";

const key = (peer: string, group = "X25519MLKEM768"): HandshakeKey => {
  return { direction: "outbound", peer, protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", group, spoken: "h2" };
};

test("what was agreed on is counted by peer, and summed over threads", () => {
  const [one, other] = [new HandshakeTable(), new HandshakeTable()];
  for (const table of [one, one, other]) table.count(key("a"));
  other.count(key("a", "X25519"));
  expect(sumHandshakes([one.read(), other.read()])).toEqual([
    { ...key("a"), count: 3 },
    { ...key("a", "X25519"), count: 1 },
  ]);
});

test("peers without end share a row", () => {
  const table = new HandshakeTable();
  for (let i = 0; i < 3000; i++) table.count(key(`p${i}`));
  const rows = table.read();
  expect([rows.length, rows.reduce((sum, { count }) => sum + count, 0), rows.at(-1)?.peer]).toEqual([1025, 3000, ""]);
});
