/** Every bound of the HTTP/2 codec beside those of heads (http1/limits.ts): name, unit, default, reason, precedent. */
import { type CodecLimits, DEFAULT_CODEC_LIMITS } from "../http1/limits.ts";

/** So many at once, and so many more each second. */
export type Rate = { readonly burst: number; readonly perSecond: number };

export type Http2Limits = CodecLimits & {
  /** Streams of a peer at a time; RFC 9113, section 6.5.2, recommends at least 100, which is Envoy's default too. */
  readonly streamsMax: number;
  /** SETTINGS_HEADER_TABLE_SIZE: bytes of the dynamic table for what the peer sends. */
  readonly tableBytesMax: number;
  /** Receive windows at first, and what they may grow to by use: of a stream and of a connection. */
  readonly streamWindowBytes: number;
  readonly streamWindowBytesMax: number;
  readonly connectionWindowBytes: number;
  readonly connectionWindowBytesMax: number;
  /** CONTINUATION frames of a block: the largest head fits into four (CVE-2024-27316; nghttp2 takes 8). */
  readonly continuationsMax: number;
  /** Encoded bytes of a block: an encoder that is no attacker's writes no more than the head has. */
  readonly blockBytesMax: number;
  /** Streams that the peer resets (CVE-2023-44487, rapid reset; nghttp2: 1000 and 33 a second). */
  readonly resets: Rate;
  /** Streams that we reset for what the peer did to them (CVE-2025-8671, MadeYouReset). */
  readonly faults: Rate;
  /** PINGs, SETTINGS, PRIORITYs and late frames that change nothing (CVE-2019-9512, -9515); see earned-frames.ts, too. */
  readonly idleFrames: Rate;
  /** DATA frames without content that end nothing (CVE-2019-9518). */
  readonly emptyFrames: Rate;
  /** Bytes of answers (acks, resets) that may wait for a peer that does not read (CVE-2019-9512, -9514). */
  readonly repliesBytesMax: number;
};

export const DEFAULT_HTTP2_LIMITS: Http2Limits = {
  ...DEFAULT_CODEC_LIMITS,
  streamsMax: 100,
  tableBytesMax: 4096,
  streamWindowBytes: 64 * 1024,
  streamWindowBytesMax: 1024 * 1024,
  connectionWindowBytes: 256 * 1024,
  connectionWindowBytesMax: 4 * 1024 * 1024,
  continuationsMax: 8,
  blockBytesMax: 64 * 1024,
  resets: { burst: 500, perSecond: 50 },
  faults: { burst: 100, perSecond: 10 },
  idleFrames: { burst: 200, perSecond: 50 },
  emptyFrames: { burst: 100, perSecond: 10 },
  repliesBytesMax: 64 * 1024,
};

/** Of a connection to an endpoint: how many streams it carries is the endpoint's affair, and the pool's. */
export const ASKING_LIMITS: Http2Limits = { ...DEFAULT_HTTP2_LIMITS, streamsMax: 4096 };

/**
 * Between sidecars, which have proven who they are: one connection carries what else comes on as
 * many as a service may have, and what its clients cancel is cancelled on it.
 */
export const MESH_LIMITS: Http2Limits = {
  ...DEFAULT_HTTP2_LIMITS,
  streamsMax: 4096,
  // Of a client that stalls as much waits in the sidecar: with a peer a millisecond away a stream has 256 MB/s.
  streamWindowBytesMax: 256 * 1024,
  connectionWindowBytes: 4 * 1024 * 1024,
  connectionWindowBytesMax: 16 * 1024 * 1024,
  resets: { burst: 10_000, perSecond: 2000 },
  idleFrames: { burst: 10_000, perSecond: 2000 },
};
