/**
 * Mutual TLS between sidecars: TLS 1.3 with our SVID against the mesh's authorities, and
 * then the SPIFFE checks of our own, on both sides. Sessions are never resumed: a resumed
 * one has no certificate to check.
 */
import type { OnReadOpts, Socket } from "node:net";
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket, type TlsOptions } from "node:tls";
import type { Reason } from "../filter/reason.ts";
import { checkPeer, type Peer, type PeerRefusal } from "../identity/svid-check.ts";

/** What a proxy shows and trusts. */
export type Identity = {
  readonly spiffeId: string;
  readonly trustDomain: string;
  readonly keyPem: string;
  /** Leaf first. */
  readonly chainPem: string;
  readonly bundlePem: string;
  readonly notAfterMs: number;
};

export interface PeerDial {
  connect(host: string, port: number, onread: OnReadOpts): Socket;
  /** Undefined where the peer shows the endpoint's principal and the service may answer with it. */
  check(socket: Socket, principal: string, allowed: readonly string[]): Reason | undefined;
  /** Why a connection failed. */
  reasonOf(error: NodeJS.ErrnoException): Reason;
}

const ALPN = ["http/1.1"];

export function makePeerDial(identity: Identity, wallMs: () => number): PeerDial {
  const { keyPem: key, chainPem: cert, bundlePem: ca, trustDomain } = identity;
  const secureContext = createSecureContext({ key, cert, ca, minVersion: "TLSv1.3" });
  return {
    connect: (host, port, onread) =>
      connect({
        host,
        port,
        onread,
        noDelay: true,
        secureContext,
        ALPNProtocols: ALPN,
        rejectUnauthorized: true,
        // A SPIFFE certificate names no host: `check` holds it to its principal.
        checkServerIdentity: () => undefined,
      } as ConnectionOptions),
    check(socket, principal, allowed) {
      const peer = peerOf(socket as TLSSocket, trustDomain, wallMs());
      if (peer.kind === "fault") return "peer_identity";
      const isExpected = (principal === "" || peer.principal === principal) && allowed.includes(peer.principal);
      return isExpected ? undefined : "peer_identity";
    },
    reasonOf: ({ code = "" }) => {
      if (/^(CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|INVALID_PURPOSE|ERR_TLS_CERT)/.test(code)) return "peer_identity";
      return code.startsWith("ERR_SSL") || code === "ECONNRESET" ? "peer_refused" : "connect_failed";
    },
  };
}

/** Who is at the other end of a connection that TLS has verified. */
export function peerOf(socket: TLSSocket, trustDomain: string, nowMs: number): Peer | PeerRefusal {
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined || socket.isSessionReused()) {
    return { kind: "fault", fault: "certificate-malformed", message: "the peer shows no certificate of its own" };
  }
  return checkPeer({ der: certificate.raw, trustDomain, nowMs });
}

/** Options of a listener that only members of the mesh can speak to. */
export function serverOptions(identity: Identity): TlsOptions {
  return {
    key: identity.keyPem,
    cert: identity.chainPem,
    ca: identity.bundlePem,
    minVersion: "TLSv1.3",
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: ALPN,
  };
}
