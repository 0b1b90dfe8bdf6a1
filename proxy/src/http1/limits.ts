/**
 * Every bound of the HTTP/1.1 codec: name, unit, default and its reason. What passes a
 * bound is refused with the fault that the bound names (fault.ts).
 */
export type CodecLimits = {
  /** Bytes of a head: start line, fields and the empty line. Envoy's default is 60 KiB, nginx's 32. */
  readonly headBytesMax: number;
  /** Field lines of a head. Browsers behind identity providers send some 60; Envoy takes 100, Apache 100, Node 2000. */
  readonly fieldsMax: number;
  /** Bytes of a request target. RFC 9112, section 3, recommends at least 8,000. */
  readonly targetBytesMax: number;
  /** Bytes of a method. The longest registered one has 18 (UPDATEREDIRECTREF). */
  readonly methodBytesMax: number;
  /** Empty lines before a start line. RFC 9112, section 2.2: at least one should be ignored; old clients end content with two. */
  readonly emptyLinesMax: number;
  /** Options of the Connection fields of a head: each is compared with every field name. */
  readonly connectionOptionsMax: number;
  /** Digits of a chunk size: 16 hold every length, and zeros before it. */
  readonly chunkSizeDigitsMax: number;
  /** Bytes of the chunk extensions of a whole message; nobody uses them (CVE-2024-22019). */
  readonly chunkExtensionBytesMax: number;
  /** Bytes of a trailer section. */
  readonly trailerBytesMax: number;
  /** Field lines of a trailer section. */
  readonly trailersMax: number;
  /** 102 (Processing) before a final response: one every 20 s (RFC 2518, section 10.1) for hours. */
  readonly processingMax: number;
  /** Other interim (1xx) responses before a final one. */
  readonly interimMax: number;
};

/** Bytes of each buffer that a connection keeps once a head is dealt with: what nearly all of them take. */
export const KEPT_BYTES_MAX = 8192;

export const DEFAULT_CODEC_LIMITS: CodecLimits = {
  headBytesMax: 64 * 1024,
  fieldsMax: 200,
  targetBytesMax: 16 * 1024,
  methodBytesMax: 32,
  emptyLinesMax: 4,
  connectionOptionsMax: 16,
  chunkSizeDigitsMax: 16,
  chunkExtensionBytesMax: 4096,
  trailerBytesMax: 8192,
  trailersMax: 64,
  processingMax: 1024,
  interimMax: 16,
};
