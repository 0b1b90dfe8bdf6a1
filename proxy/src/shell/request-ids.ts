/** Fresh x-request-ids: version 4 UUIDs from the system's randomness, drawn in bulk. */
import { randomFillSync } from "node:crypto";

const DRAWN_AT_ONCE = 256;
const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

export class RequestIds {
  readonly #bytes = new Uint8Array(DRAWN_AT_ONCE * 16);
  #at = this.#bytes.length;

  next(): string {
    if (this.#at === this.#bytes.length) {
      randomFillSync(this.#bytes);
      this.#at = 0;
    }
    const at = this.#at;
    this.#at += 16;
    const b = this.#bytes;
    const hex = (index: number): string => HEX[b[at + index] as number] as string;
    const version = HEX[((b[at + 6] as number) & 0x0f) | 0x40] as string;
    const variant = HEX[((b[at + 8] as number) & 0x3f) | 0x80] as string;
    return `${hex(0)}${hex(1)}${hex(2)}${hex(3)}-${hex(4)}${hex(5)}-${version}${hex(7)}-${variant}${hex(9)}-${hex(10)}${hex(11)}${hex(12)}${hex(13)}${hex(14)}${hex(15)}`;
  }
}
