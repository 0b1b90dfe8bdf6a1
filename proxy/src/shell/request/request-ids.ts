/**
 * The id of each request: the client's where it has a usable one, otherwise a version 4 UUID from
 * the system's randomness, drawn in bulk, with its field line.
 */
import { randomFillSync } from "node:crypto";
import { REQUEST_ID_BYTES_MAX, type RequestId } from "@regomesh/policy-runtime";
import { readyLines } from "../../http1/ready-lines.ts";

const DRAWN_AT_ONCE = 256;
const HEX = Buffer.from("0123456789abcdef", "latin1");
const NAME = "x-request-id: ";
/** Where the digits of each byte stand in the text: eight, four, four, four, twelve. */
const PLACES: readonly number[] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
const TEXT_LENGTH = 36;
/** What an id of a client may be made of: nothing that means something in a header, a log or a URL's query. */
const IS_ID = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9._~+/=:@-]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** Whether bytes[start, end) is an id that may be believed. */
export function isRequestId(bytes: Uint8Array, start: number, end: number): boolean {
  if (end === start || end - start > REQUEST_ID_BYTES_MAX) return false;
  for (let at = start; at < end; at++) if (IS_ID[bytes[at] as number] !== 1) return false;
  return true;
}

export class RequestIds {
  readonly #bytes = new Uint8Array(DRAWN_AT_ONCE * 16);
  #at = this.#bytes.length;
  readonly #line = Buffer.from(`${NAME}00000000-0000-0000-0000-000000000000\r\n`, "latin1");
  /** The field line of the id given last; its value is written anew by `next`. */
  readonly lines = readyLines(this.#line);

  /** Gives `id` a fresh one. */
  next(id: RequestId): void {
    if (this.#at === this.#bytes.length) {
      randomFillSync(this.#bytes);
      this.#at = 0;
    }
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at += 16;
    bytes[at + 6] = ((bytes[at + 6] as number) & 0x0f) | 0x40;
    bytes[at + 8] = ((bytes[at + 8] as number) & 0x3f) | 0x80;
    const line = this.#line;
    for (let index = 0; index < 16; index++) {
      const byte = bytes[at + index] as number;
      const place = NAME.length + (PLACES[index] as number);
      line[place] = HEX[byte >> 4] as number;
      line[place + 1] = HEX[byte & 15] as number;
    }
    id.take(line, NAME.length, NAME.length + TEXT_LENGTH);
  }
}
