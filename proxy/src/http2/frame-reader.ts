/**
 * Cuts bytes that come in any pieces into frames. A frame's payload is read in place where it lies whole in a
 * piece, and gathered where it does not; DATA is never gathered: its parts are given as they come.
 */
import { KEPT_BYTES_MAX } from "../http1/limits.ts";
import { FRAME_HEADER_BYTES, FrameType, readUint24, readUint31 } from "./frame.ts";

export const FrameStep = { needMore: 0, frame: 1, part: 2, tooLarge: 3 } as const;
export type FrameStep = (typeof FrameStep)[keyof typeof FrameStep];

const NO_BYTES = new Uint8Array(0);

export class FrameReader {
  /** Position in the bytes fed last. */
  at = 0;
  type = 0;
  flags = 0;
  stream = 0;
  length = 0;
  /** bytes[from, to) is the payload, or the part of a DATA frame's that is here. */
  bytes: Uint8Array = NO_BYTES;
  from = 0;
  to = 0;
  /** Of a DATA frame: bytes of the payload that are still to come, and whether this part is its first. */
  left = 0;
  isFirst = false;
  readonly #lengthMax: number;
  readonly #header = new Uint8Array(FRAME_HEADER_BYTES);
  #headerBytes = 0;
  #isInPayload = false;
  #hasPart = false;
  #gathered = NO_BYTES;
  #gatheredBytes = 0;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  /** Whether a frame has begun and is not whole. */
  get isPending(): boolean {
    return this.#isInPayload || this.#headerBytes > 0;
  }

  /** The frame that has begun is DATA. */
  get isInContent(): boolean {
    return this.#isInPayload && this.type === FrameType.data;
  }

  /** The frames that were read are dealt with: nothing large is kept of them. */
  rest(): void {
    if (!this.#isInPayload && this.#gathered.length > KEPT_BYTES_MAX) this.#gathered = NO_BYTES;
  }

  next(bytes: Uint8Array, at: number, end: number): FrameStep {
    this.at = at;
    if (!this.#isInPayload) {
      if (!this.#readHeader(bytes, end)) return FrameStep.needMore;
      if (this.length > this.#lengthMax) return FrameStep.tooLarge;
      this.#isInPayload = true;
      this.#gatheredBytes = 0;
      this.left = this.length;
      this.#hasPart = false;
    }
    return this.type === FrameType.data ? this.#nextPart(bytes, end) : this.#nextWhole(bytes, end);
  }

  #nextPart(bytes: Uint8Array, end: number): FrameStep {
    const taken = Math.min(this.left, end - this.at);
    if (taken === 0 && this.left > 0) return FrameStep.needMore;
    this.isFirst = !this.#hasPart;
    this.#hasPart = true;
    this.bytes = bytes;
    this.from = this.at;
    this.to = this.at + taken;
    this.at += taken;
    this.left -= taken;
    if (this.left > 0) return FrameStep.part;
    this.#isInPayload = false;
    return FrameStep.frame;
  }

  #nextWhole(bytes: Uint8Array, end: number): FrameStep {
    const there = end - this.at;
    if (this.#gatheredBytes === 0 && there >= this.length) {
      this.bytes = bytes;
      this.from = this.at;
      this.to = this.at + this.length;
      this.at = this.to;
      this.#isInPayload = false;
      return FrameStep.frame;
    }
    if (this.#gathered.length < this.length) this.#gathered = new Uint8Array(this.length);
    const taken = Math.min(there, this.length - this.#gatheredBytes);
    this.#gathered.set(bytes.subarray(this.at, this.at + taken), this.#gatheredBytes);
    this.#gatheredBytes += taken;
    this.at += taken;
    if (this.#gatheredBytes < this.length) return FrameStep.needMore;
    this.bytes = this.#gathered;
    this.from = 0;
    this.to = this.length;
    this.#isInPayload = false;
    return FrameStep.frame;
  }

  #readHeader(bytes: Uint8Array, end: number): boolean {
    let header = bytes;
    let from = this.at;
    if (this.#headerBytes > 0 || end - from < FRAME_HEADER_BYTES) {
      while (this.#headerBytes < FRAME_HEADER_BYTES && this.at < end)
        this.#header[this.#headerBytes++] = bytes[this.at++]!;
      if (this.#headerBytes < FRAME_HEADER_BYTES) return false;
      this.#headerBytes = 0;
      header = this.#header;
      from = 0;
    } else this.at += FRAME_HEADER_BYTES;
    this.length = readUint24(header, from);
    this.type = header[from + 3]!;
    this.flags = header[from + 4]!;
    this.stream = readUint31(header, from + 5);
    return true;
  }
}
