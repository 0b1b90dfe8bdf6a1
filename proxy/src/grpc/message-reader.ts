/**
 * Messages of gRPC out of content that comes in any pieces (grpc/doc/PROTOCOL-HTTP2.md):
 *
 *     0  compressed, 1 byte      1  length, 4 bytes      5  the message
 */
const PREFIX_BYTES = 5;

export type MessageFault = "compressed" | "too-long";

export class MessageReader {
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  fault: MessageFault | undefined = undefined;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** A message has begun and is not whole. */
  get isPending(): boolean {
    return this.#bytes > 0;
  }

  /** The messages that are whole with these bytes, of which a copy is kept; none behind a fault. */
  feed(bytes: Uint8Array, from: number, to: number): readonly Buffer[] {
    if (this.fault !== undefined) return [];
    this.#parts.push(Buffer.from(bytes.subarray(from, to)));
    this.#bytes += to - from;
    const messages: Buffer[] = [];
    for (let message = this.#next(); message !== undefined; message = this.#next()) messages.push(message);
    return messages;
  }

  #next(): Buffer | undefined {
    if (this.#bytes < PREFIX_BYTES) return undefined;
    const prefix = this.#parts[0]?.length ?? 0;
    if (prefix < PREFIX_BYTES) this.#join();
    const first = this.#parts[0] as Buffer;
    const length = first.readUInt32BE(1);
    if (first[0] !== 0) this.fault = "compressed";
    else if (length > this.#bytesMax) this.fault = "too-long";
    if (this.fault !== undefined || this.#bytes < PREFIX_BYTES + length) return undefined;
    this.#join();
    const whole = this.#parts[0] as Buffer;
    const end = PREFIX_BYTES + length;
    this.#parts = whole.length === end ? [] : [whole.subarray(end)];
    this.#bytes -= end;
    return whole.subarray(PREFIX_BYTES, end);
  }

  #join(): void {
    if (this.#parts.length > 1) this.#parts = [Buffer.concat(this.#parts)];
  }
}

/** A message as content. */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.alloc(PREFIX_BYTES + message.length);
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, PREFIX_BYTES);
  return framed;
}
