/**
 * Mutual TLS between sidecars: TLS 1.3 with our SVID against the mesh's authorities, and
 * then the SPIFFE checks of our own, on both sides. Sessions are never resumed: a resumed
 * one proves who the peer was, not who it is now.
 */
import { constants, X509Certificate } from "node:crypto";
import type { OnReadOpts, Socket } from "node:net";
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket, type TlsOptions } from "node:tls";
import type { Reason } from "../../filter/reason.ts";
import { checkPeer, type Peer, type PeerRefusal } from "../../identity/svid-check.ts";
import type { HandshakeKey } from "../../metrics/handshakes.ts";

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
  /** When our own SVID ends, with which connections are opened. */
  readonly notAfterMs: number;
  /** Who the peer is; a refusal where it is not the endpoint's principal, or the service may not answer with it. */
  check(socket: Socket, principal: string, allowed: readonly string[]): Peer | PeerRefusal;
  /** Why a connection failed. */
  reasonOf(error: NodeJS.ErrnoException): Reason;
}

/** HTTP/2's frames with heads as text: what sidecars speak with each other (http2/raw-heads.ts). */
export const MESH_PROTOCOL = "regomesh/1";
/** What is spoken between members of the mesh, the best first: offered by the one end, chosen by the other. */
const SPOKEN = [MESH_PROTOCOL, "h2", "http/1.1"];

export function makePeerDial(identity: Identity, wallMs: () => number): PeerDial {
  const { keyPem: key, chainPem: cert, bundlePem: ca, trustDomain } = identity;
  const secureContext = createSecureContext({ key, cert, ca, minVersion: "TLSv1.3" });
  return {
    notAfterMs: identity.notAfterMs,
    connect: (host, port, onread) =>
      connect({
        host,
        port,
        onread,
        noDelay: true,
        secureContext,
        ALPNProtocols: SPOKEN,
        rejectUnauthorized: true,
        // A SPIFFE certificate names no host: `check` holds it to its principal.
        checkServerIdentity: () => undefined,
      } as ConnectionOptions),
    check(socket, principal, allowed) {
      const peer = peerOf(socket as TLSSocket, trustDomain, wallMs());
      if (peer.kind === "fault") return peer;
      const isExpected = (principal === "" || peer.principal === principal) && allowed.includes(peer.principal);
      if (isExpected) return peer;
      return { kind: "fault", fault: "principal-unexpected", message: `${peer.principal} may not answer here` };
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

/** What both ends have agreed on. */
export function agreedOn(socket: TLSSocket): Pick<HandshakeKey, "protocol" | "cipher" | "group" | "spoken"> {
  // Of a server's end Node gives no group.
  const exchange = socket.getEphemeralKeyInfo() as { readonly name?: string } | null;
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher().name,
    group: exchange?.name ?? "",
    spoken: socket.alpnProtocol || "",
  };
}

/** The certificates of a bundle, in its order. */
export function authoritiesOf(bundlePem: string): readonly X509Certificate[] {
  const blocks = bundlePem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.map((pem) => new X509Certificate(pem));
}

/** Issuers between a leaf and its root; more is no chain that anyone makes. */
const CHAIN_MAX = 8;

/** Whether what the peer of an open connection showed leads to one of these authorities. */
export function leadsToOneOf(socket: TLSSocket, authorities: readonly X509Certificate[]): boolean {
  let certificate = socket.getPeerX509Certificate();
  for (let depth = 0; certificate !== undefined && depth < CHAIN_MAX; depth++) {
    const shown = certificate;
    if (authorities.some((authority) => shown.checkIssued(authority) && shown.verify(authority.publicKey))) return true;
    certificate = shown.issuerCertificate;
  }
  return false;
}

/** Options of a listener that only members of the mesh can speak to. */
export function serverOptions(identity: Identity): TlsOptions {
  return {
    // A ticket would let its holder come back without showing a certificate.
    secureOptions: constants.SSL_OP_NO_TICKET,
    key: identity.keyPem,
    cert: identity.chainPem,
    ca: identity.bundlePem,
    minVersion: "TLSv1.3",
    requestCert: true,
    rejectUnauthorized: true,
    ALPNProtocols: SPOKEN,
  };
}
