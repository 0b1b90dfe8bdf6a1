/**
 * TLS of the gRPC server: every client is asked for a certificate and none is refused for
 * having none, since a proxy without one must reach Identity. Who a client is, is checked
 * per call, against the mesh's own authority.
 */
import tls from "node:tls";
import { experimental, type ServerCredentials } from "@grpc/grpc-js";
import type { Authority, KeyAndChain } from "../ca/authority.ts";

/**
 * grpc-js takes no lowest version for a server, and makes a new context at each renewal: this is
 * where Node's own default is kept. Every TLS connection of this process is the mesh's.
 */
const LOWEST_VERSION = "TLSv1.3";

type Provider = Parameters<typeof experimental.createCertificateProviderServerCredentials>[0];

export type ServerIdentity = {
  readonly credentials: ServerCredentials;
  readonly current: () => KeyAndChain;
  /** Puts a new certificate in place for connections to come. */
  renew(issued: KeyAndChain): void;
};

/** Node's own is two minutes, in which whoever says nothing holds a descriptor; thousands that come back at once take seconds. */
const HANDSHAKE_MS = 30_000;

export function makeServerIdentity(
  authority: Authority,
  first: KeyAndChain,
  handshakeMs = HANDSHAKE_MS,
): ServerIdentity {
  type Listener = Parameters<Provider["addIdentityCertificateListener"]>[0];
  const listeners = new Set<Listener>();
  let current = first;
  tls.DEFAULT_MIN_VERSION = LOWEST_VERSION;
  const update = () => ({ certificate: Buffer.from(current.chainPem), privateKey: Buffer.from(current.keyPem) });
  const provider: Provider = {
    // After the turn: grpc-js hears nothing that is said while it adds its listeners.
    addCaCertificateListener: (listener) => {
      queueMicrotask(() => listener({ caCertificate: Buffer.from(authority.bundlePem) }));
    },
    removeCaCertificateListener: () => {},
    addIdentityCertificateListener: (listener) => {
      listeners.add(listener);
      queueMicrotask(() => listener(update()));
    },
    removeIdentityCertificateListener: (listener) => void listeners.delete(listener),
  };
  const credentials = experimental.createCertificateProviderServerCredentials(provider, provider, false);
  const tlsOptions = credentials._getConstructorOptions();
  // grpc-js hands these to Node as they are, and has no option of its own for it.
  credentials._getConstructorOptions = () => tlsOptions && { ...tlsOptions, handshakeTimeout: handshakeMs };
  return {
    credentials,
    current: () => current,
    renew(issued) {
      current = issued;
      for (const listener of listeners) listener(update());
    },
  };
}
