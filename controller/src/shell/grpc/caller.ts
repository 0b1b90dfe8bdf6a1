/** Who calls, for as long as a stream lives: its certificate's principal, until the certificate ends. */
import type { ServerUnaryCall } from "@grpc/grpc-js";
import type { Clock, Log } from "@regomesh/base";
import type { Authority, Peer } from "../ca/authority.ts";
import type { Distributor } from "./distributor.ts";
import { type Failure, makeFailure } from "./failure.ts";

export type StreamOptions = {
  readonly authority: Authority;
  readonly distributor: Distributor;
  readonly clock: Clock;
  readonly log: Log;
};

type AnyCall = Pick<ServerUnaryCall<unknown, unknown>, "getAuthContext">;

/** A setTimeout holds no longer; who stays that long is looked at again. */
const LOOK_AGAIN_MS = 24 * 3_600_000;

/** The SPIFFE ID that the caller's certificate proves, and until when; undefined where it shows none that is good now. */
export function peerOf(call: AnyCall, authority: Authority, nowMs: number): Peer | undefined {
  const certificate = call.getAuthContext().sslPeerCertificate?.raw;
  return certificate === undefined ? undefined : authority.peerOf(certificate, nowMs);
}

/** Why a peer may not speak for a workload at this moment; undefined where it may. */
export function refusalOf(peer: Peer | undefined, workload: string, options: StreamOptions): Failure | undefined {
  const { distributor, clock } = options;
  if (peer === undefined) return makeFailure("unauthenticated", "no SVID that is good now");
  if (clock.nowMs() >= peer.notAfterMs) return makeFailure("unauthenticated", "the SVID has ended");
  const revoked = distributor.revokedOf(peer);
  if (revoked !== undefined) return makeFailure("forbidden", `${revoked} was taken back`);
  if (distributor.release === undefined) return makeFailure("unavailable", "there is no revision yet");
  const isOther = peer.workload !== undefined && peer.workload !== workload;
  if (isOther || distributor.wanted(workload, peer.principal)?.principal !== peer.principal)
    return makeFailure("forbidden", `${peer.workload ?? peer.principal} is not workload ${workload.slice(0, 300)}`);
  return undefined;
}

/** Calls `end` when the peer's certificate ends; gives what stops the waiting. */
export function atExpiry(peer: Peer, clock: Clock, end: () => void): () => void {
  const stop = new AbortController();
  void (async () => {
    for (let leftMs = 1; leftMs > 0; leftMs = peer.notAfterMs - clock.nowMs()) {
      const waitMs = Math.min(LOOK_AGAIN_MS, Math.max(1, peer.notAfterMs - clock.nowMs()));
      await clock.sleep(waitMs, stop.signal);
    }
    end();
  })().catch(() => {});
  return () => stop.abort();
}
