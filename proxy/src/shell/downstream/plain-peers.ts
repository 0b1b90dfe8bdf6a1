/**
 * Who is at the other end of plaintext: nobody who has proven anything. All of one address are one peer, and share what is
 * said of them to applications: what each request looks at is at hand then.
 */
import { makeForwardedPeer } from "../../edge/forwarded.ts";
import type { InboundPeer } from "../request/inbound-handler.ts";

/** Addresses that are known at a time. */
const ADDRESSES_MAX = 1024;

export class PlainPeers {
  readonly #anyone: InboundPeer;
  readonly #trustedHops: number | undefined;
  readonly #peers = new Map<string, InboundPeer>();

  /** `edge`: row of the metrics; `trustedHops`: of an edge, which alone tells applications of its clients. */
  constructor(edge: number, trustedHops: number | undefined) {
    this.#anyone = { certLine: undefined, edge, forwarded: undefined, notAfterMs: Number.POSITIVE_INFINITY };
    this.#trustedHops = trustedHops;
  }

  at(address: string): InboundPeer {
    if (this.#trustedHops === undefined) return this.#anyone;
    const known = this.#peers.get(address);
    if (known !== undefined) return known;
    if (this.#peers.size === ADDRESSES_MAX) this.#peers.clear();
    const peer = { ...this.#anyone, forwarded: makeForwardedPeer(address, this.#trustedHops) };
    this.#peers.set(address, peer);
    return peer;
  }
}
