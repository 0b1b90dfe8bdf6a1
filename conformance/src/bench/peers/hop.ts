/** What a peer is asked to be: one proxy between a port and an upstream, with the same work for each request. */

/** What is spoken: gRPC is HTTP/2 with content and trailers. */
export type Spoken = "http1" | "http2" | "grpc";

export type TlsFiles = { readonly certificate: string; readonly key: string; readonly authority: string };

export type Hop = {
  readonly folder: string;
  readonly name: string;
  readonly cores: string;
  readonly workers: number;
  readonly port: number;
  readonly listens: Spoken;
  readonly upstream: { readonly port: number; readonly speaks: Spoken };
  /** Mutual TLS towards clients, of whom it takes this authority's alone. */
  readonly downstreamTls?: TlsFiles;
  readonly upstreamTls?: TlsFiles;
};
