/**
 * `grpc-status-details-bin`: a google.rpc.Status (google/rpc/status.proto) with an ErrorInfo, and a RetryInfo
 * where there is a time to wait, in base64 without padding.
 *
 *     Status     1 code, 2 message, 3 details: Any, each
 *     Any        1 type_url, 2 value
 *     ErrorInfo  1 reason, 2 domain, 3 metadata: map, each 1 key, 2 value
 *     RetryInfo  1 retry_delay: Duration { 1 seconds }
 */
const DOMAIN = "regomesh";
const TYPE = "type.googleapis.com/google.rpc.";
const VARINT = 0;
const BYTES = 2;

export type StatusDetails = {
  readonly code: number;
  readonly message: string;
  /** As `x-regomesh-…` says it; upper case here, as the type asks. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly retryAfterSeconds: number | undefined;
};

export function encodeStatusDetails({ code, message, reason, metadata, retryAfterSeconds }: StatusDetails): string {
  const info = [
    text(1, reason.toUpperCase()),
    text(2, DOMAIN),
    ...Object.entries(metadata).map(([key, value]) => bytes(3, [text(1, key), text(2, value)])),
  ];
  const retry = retryAfterSeconds === undefined ? [] : [any("RetryInfo", [bytes(1, [varint(1, retryAfterSeconds)])])];
  const parts = [varint(1, code), text(2, message), any("ErrorInfo", info), ...retry];
  return Buffer.concat(parts).toString("base64").replace(/=+$/, "");
}

function any(type: string, value: readonly Buffer[]): Buffer {
  return bytes(3, [text(1, `${TYPE}${type}`), bytes(2, value)]);
}

function text(field: number, value: string): Buffer {
  return bytes(field, [Buffer.from(value, "utf8")]);
}

function bytes(field: number, parts: readonly Buffer[]): Buffer {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  return Buffer.concat([Buffer.from([(field << 3) | BYTES, ...digits(length)]), ...parts]);
}

function varint(field: number, value: number): Buffer {
  return Buffer.from([(field << 3) | VARINT, ...digits(value)]);
}

/** Seven bits a byte, the lowest first. */
function digits(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...digits(Math.floor(value / 0x80))];
}
