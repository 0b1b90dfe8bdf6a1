import type { HandshakeReport } from "@regomesh/protocol";
import { expect, test } from "vitest";
import { sumAgreements, toAgreements } from "./agreements.ts";
import type { Places } from "./places.ts";

const places = {
  serviceOfPrincipal: new Map([
    ["spiffe://td/web", "web.default"],
    ["spiffe://td/orders", "orders.default"],
  ]),
} as Pick<Places, "serviceOfPrincipal"> as Places;

function shaken(
  direction: string,
  peer: string,
  count: number,
  change: Partial<HandshakeReport> = {},
): HandshakeReport {
  const agreed = { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", group: "X25519MLKEM768", spoken: "h2" };
  return { direction, peerPrincipal: `spiffe://td/${peer}`, count, ...agreed, ...change };
}

test("of both ends the one that knows the group tells, replicas are one, and what was agreed on most comes first", () => {
  const senders = [2, 3].flatMap((count) => toAgreements([shaken("outbound", "orders", count)], "web.default", places));
  const old = toAgreements([shaken("outbound", "orders", 1, { spoken: "" })], "web.default", places);
  const receiver = toAgreements([shaken("inbound", "web", 9, { group: "" })], "orders.default", places);
  const common = { from: "web.default", to: "orders.default", protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384" };
  expect(sumAgreements([...old, ...receiver, ...senders])).toEqual([
    { ...common, group: "X25519MLKEM768", spoken: "h2", handshakes: 5 },
    { ...common, group: "X25519MLKEM768", spoken: "", handshakes: 1 },
  ]);
  expect(sumAgreements(receiver)).toEqual([{ ...common, group: "", spoken: "h2", handshakes: 9 }]);
});

test("who is not of the mesh makes no edge, and no text is longer than is kept", () => {
  expect(toAgreements([shaken("inbound", "stranger", 1)], "orders.default", places)).toEqual([]);
  const [long] = toAgreements([shaken("inbound", "web", 1, { cipher: "x".repeat(5000) })], "orders.default", places);
  expect(long?.cipher.length).toBeLessThanOrEqual(64);
});
