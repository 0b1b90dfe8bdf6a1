/** Which stream's content goes when windows open: a peer in bytes, so that its windows open when the test says. */
import { expect, test } from "vitest";
import { Framing, NO_TRAILERS } from "../../http1/head.ts";
import { Method } from "../../http1/method.ts";
import { FRAME_BYTES_LEAST, FRAME_HEADER_BYTES, FrameType, TYPE_AT, writeFrameHeader } from "../../http2/frame.ts";
import { ASKING_LIMITS } from "../../http2/limits.ts";
import { WINDOW_AT_FIRST } from "../../http2/settings.ts";
import { SlabPool } from "../../message/slab-pool.ts";
import type { UpstreamListener } from "../../stream/upstream-stream.ts";
import type { Thread } from "../plane/thread.ts";
import type { UpstreamConnection } from "./connection.ts";
import { Http2Speaker } from "./http2-speaker.ts";
import type { Http2Stream } from "./http2-stream.ts";

const HEAD = Buffer.from("POST / HTTP/1.1\r\nHost: x\r\n\r\n");
const LARGE = new Uint8Array(8 * FRAME_BYTES_LEAST);

class Peer {
  readonly speaker: Http2Speaker;
  /** Content that came, by stream. */
  readonly got = new Map<number, number>();
  readonly #out = {
    isFull: false,
    wake: () => {},
    flush: () => {},
    onFlush: () => {},
    give: (bytes: Buffer, end: number) => this.#take(bytes, end),
  };

  constructor() {
    const connection = { out: this.#out, isRetired: false, isClosed: false, release: () => {}, onRoom: () => {} };
    const thread = { slabs: new SlabPool(), monoMs: () => 0, arm: () => {}, disarm: () => {} };
    this.speaker = new Http2Speaker(
      thread as unknown as Thread,
      connection as unknown as UpstreamConnection,
      "hpack",
      ASKING_LIMITS,
    );
    this.#say(FrameType.settings, 0, Buffer.alloc(0));
  }

  begin(): Http2Stream {
    const stream = this.speaker.begin({} as UpstreamListener);
    stream.sendHead(HEAD, HEAD.length, Method.post, Framing.chunked);
    return stream;
  }

  /** Of stream 0 the connection's. */
  open(stream: number, bytes: number): void {
    const increment = Buffer.alloc(4);
    increment.writeUInt32BE(bytes);
    this.#say(FrameType.windowUpdate, stream, increment);
  }

  #say(type: (typeof FrameType)[keyof typeof FrameType], stream: number, payload: Buffer): void {
    const frame = Buffer.concat([Buffer.alloc(FRAME_HEADER_BYTES), payload]);
    writeFrameHeader(frame, 0, payload.length, type, 0, stream);
    this.speaker.onBytes(frame, frame.length);
    this.flush();
  }

  flush(): void {
    this.#out.onFlush();
  }

  #take(bytes: Buffer, end: number): void {
    const start = bytes.toString("latin1", 0, 3) === "PRI" ? 24 : 0;
    for (let at = start; at < end; ) {
      const length = bytes.readUIntBE(at, 3);
      const stream = bytes.readUInt32BE(at + 5);
      if (bytes[at + TYPE_AT] === FrameType.data) this.got.set(stream, (this.got.get(stream) ?? 0) + length);
      at += FRAME_HEADER_BYTES + length;
    }
  }
}

test("streams take turns with the connection's window: who is refilled each time holds up nobody", () => {
  const peer = new Peer();
  const [first, second, third] = [peer.begin(), peer.begin(), peer.begin()];
  first.sendContent(LARGE, 0, LARGE.length);
  second.sendContent(LARGE, 0, LARGE.length);
  third.sendContent(LARGE, 0, 5);
  third.sendEnd(NO_TRAILERS);
  peer.flush();
  expect([...peer.got]).toEqual([[1, WINDOW_AT_FIRST]]);
  for (const stream of [1, 3, 5]) peer.open(stream, 2 ** 20);
  const gone: Record<number, number | undefined>[] = [];
  for (let turn = 0; turn < 5; turn++) {
    peer.open(0, FRAME_BYTES_LEAST);
    gone.push(
      Object.fromEntries(
        [...peer.got].map(([stream, bytes]) => [stream, bytes - (stream === 1 ? WINDOW_AT_FIRST : 0)]),
      ),
    );
    first.sendContent(LARGE, 0, FRAME_BYTES_LEAST);
    second.sendContent(LARGE, 0, FRAME_BYTES_LEAST);
  }
  const frame = FRAME_BYTES_LEAST;
  expect(gone).toEqual([
    { 1: frame },
    { 1: frame, 3: frame },
    { 1: 2 * frame - 5, 3: frame, 5: 5 },
    { 1: 2 * frame - 5, 3: 2 * frame, 5: 5 },
    { 1: 3 * frame - 5, 3: 2 * frame, 5: 5 },
  ]);
});
