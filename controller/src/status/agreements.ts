/**
 * What the two ends of an edge have agreed on for their connections, as their proxies report it: the
 * sender knows the group of the key exchange, the receiver does not.
 */
import { clip } from "@regomesh/base";
import type { HandshakeReport } from "@regomesh/protocol";
import type { LinkBody } from "../api/graph.ts";
import type { Places } from "./places.ts";

/** A proxy chooses what it reports. */
const REPORTED_MAX = 1024;
const TEXT_LENGTH_MAX = 64;
/** Versions and protocols of one edge that are told apart. */
const PER_EDGE_MAX = 8;

/** `own`: the service of the proxy that reports; what names no service of the mesh is left out. */
export function toAgreements(handshakes: readonly HandshakeReport[], own: string, places: Places): readonly LinkBody[] {
  return handshakes.slice(0, REPORTED_MAX).flatMap((handshake) => {
    const other = places.serviceOfPrincipal.get(handshake.peerPrincipal);
    if (other === undefined) return [];
    const [from, to] = handshake.direction === "outbound" ? [own, other] : [other, own];
    const [protocol, cipher, group, spoken] = [
      handshake.protocol,
      handshake.cipher,
      handshake.group,
      handshake.spoken,
    ].map((text) => clip(text, TEXT_LENGTH_MAX)) as [string, string, string, string];
    return [{ from, to, protocol, cipher, group, spoken, handshakes: handshake.count }];
  });
}

/** One list for all that proxies report, by edge: what the sender knows where there is one, the most frequent first. */
export function sumAgreements(reported: readonly LinkBody[]): readonly LinkBody[] {
  const edges = Map.groupBy(reported, ({ from, to }) => `${from} ${to}`);
  return [...edges.values()].flatMap((rows) => {
    const told = rows.some(({ group }) => group !== "") ? rows.filter(({ group }) => group !== "") : rows;
    const alike = Map.groupBy(told, ({ protocol, cipher, group, spoken }) =>
      [protocol, cipher, group, spoken].join(" "),
    );
    const sums = [...alike.values()].flatMap(([first, ...others]) => {
      if (first === undefined) return [];
      const handshakes = others.reduce((sum, other) => sum + other.handshakes, first.handshakes);
      return [{ ...first, handshakes }];
    });
    return sums.sort((a, b) => b.handshakes - a.handshakes).slice(0, PER_EDGE_MAX);
  });
}
