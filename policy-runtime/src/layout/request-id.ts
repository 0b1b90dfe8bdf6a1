/** The id of a request as bytes that are used again: it goes into modules, heads and logs, and nearly never as a string. */
import { REQUEST_ID_BYTES_MAX } from "./answer.ts";

export class RequestId {
  /** bytes[0, length): ASCII. */
  readonly bytes = new Uint8Array(REQUEST_ID_BYTES_MAX);
  length = 0;

  /** Of a text in ASCII; what is beyond the bound is left out. */
  static of(text: string): RequestId {
    const id = new RequestId();
    id.length = Math.min(text.length, REQUEST_ID_BYTES_MAX);
    for (let at = 0; at < id.length; at++) id.bytes[at] = text.charCodeAt(at) & 0x7f;
    return id;
  }

  clear(): void {
    this.length = 0;
  }

  /** Takes a copy of source[start, end), of no more bytes than the bound. */
  take(source: Uint8Array, start: number, end: number): void {
    const { bytes } = this;
    const length = end - start;
    for (let at = 0; at < length; at++) bytes[at] = source[start + at]!;
    this.length = length;
  }

  text(): string {
    return String.fromCharCode(...this.bytes.subarray(0, this.length));
  }
}
