/**
 * Whether a server of gRPC is well, as a kubelet asks it (grpc.health.v1, grpc/doc/health-checking.md):
 *
 *     HealthCheckRequest   1 service
 *     HealthCheckResponse  1 status: 1 is SERVING
 */
export const CHECK_TARGET = "/grpc.health.v1.Health/Check";
/** A response has two octets; more is another's. */
export const CHECK_BYTES_MAX = 1024;

const SERVING = 1;
const SERVICE_TAG = (1 << 3) | 2;
const STATUS_TAG = 1 << 3;

/** `service`: "" asks for the server as a whole. */
export function encodeCheck(service: string): Buffer {
  const name = Buffer.from(service, "utf8");
  return name.length === 0 ? name : Buffer.concat([Buffer.from([SERVICE_TAG, ...varint(name.length)]), name]);
}

/** False of what is no such message, too. */
export function isServing(message: Uint8Array): boolean {
  let status = 0;
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let shift = 1; at < message.length; shift *= 128) {
      const octet = message[at++] ?? 0;
      value += (octet & 127) * shift;
      if (octet < 128) return value;
    }
    return Number.NaN;
  };
  while (at < message.length) {
    const tag = read();
    const kind = tag % 8;
    if (kind === 0) {
      const value = read();
      if (tag === STATUS_TAG) status = value;
    } else if (kind === 1) at += 8;
    else if (kind === 2) {
      const length = read();
      at += length;
    } else if (kind === 5) at += 4;
    else return false;
    // A length that is none, too, is no place to go on at.
    if (!(at <= message.length)) return false;
  }
  return status === SERVING;
}

function varint(value: number): readonly number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varint(value >>> 7)];
}
