/**
 * Writes frames into `output`. What answers a peer (acknowledgements, resets, windows) is counted until it
 * went out, so that a peer that does not read is noticed.
 */
import { copyOf } from "../http1/copy-bytes.ts";
import type { ErrorCode } from "./error-code.ts";
import { Flag, FRAME_HEADER_BYTES, FrameType, writeFrameHeader, writeUint32 } from "./frame.ts";
import { Output } from "./output.ts";

export class FrameWriter {
  readonly output = new Output();
  /** Bytes of answers that wait. */
  replyBytes = 0;

  /** A frame with room for its payload, whose place is given. */
  control(type: number, flags: number, stream: number, length: number): number {
    const at = this.output.reserve(FRAME_HEADER_BYTES + length);
    writeFrameHeader(this.output.bytes, at, length, type, flags, stream);
    this.replyBytes += FRAME_HEADER_BYTES + length;
    return at + FRAME_HEADER_BYTES;
  }

  update(stream: number, increment: number): void {
    if (increment <= 0) return;
    const at = this.control(FrameType.windowUpdate, 0, stream, 4);
    writeUint32(this.output.bytes, at, increment);
  }

  reset(stream: number, code: ErrorCode): void {
    const at = this.control(FrameType.rstStream, 0, stream, 4);
    writeUint32(this.output.bytes, at, code);
  }

  goaway(last: number, code: ErrorCode, reason: string): void {
    const at = this.control(FrameType.goaway, 0, 0, 8 + reason.length);
    writeUint32(this.output.bytes, at, last);
    writeUint32(this.output.bytes, at + 4, code);
    for (let i = 0; i < reason.length; i++) this.output.bytes[at + 8 + i] = reason.charCodeAt(i);
  }

  /**
   * Ends a header block that was encoded behind the room for a frame's header at `headAt`: HEADERS,
   * and CONTINUATIONs where it is above the peer's frame size.
   */
  endBlock(headAt: number, stream: number, isEnd: boolean, frameBytesMax: number): void {
    const { output } = this;
    const from = headAt + FRAME_HEADER_BYTES;
    const length = output.end - from;
    const flags = isEnd ? Flag.endStream : 0;
    if (length <= frameBytesMax) {
      writeFrameHeader(output.bytes, headAt, length, FrameType.headers, flags | Flag.endHeaders, stream);
      return;
    }
    const block = copyOf(output.bytes, from, output.end);
    output.end = headAt;
    for (let at = 0; at < block.length; at += frameBytesMax) {
      const part = block.subarray(at, at + frameBytesMax);
      const frame = output.reserve(FRAME_HEADER_BYTES + part.length);
      const type = at === 0 ? FrameType.headers : FrameType.continuation;
      const last = at + frameBytesMax >= block.length ? Flag.endHeaders : 0;
      writeFrameHeader(output.bytes, frame, part.length, type, (at === 0 ? flags : 0) | last, stream);
      output.bytes.set(part, frame + FRAME_HEADER_BYTES);
    }
  }
}
