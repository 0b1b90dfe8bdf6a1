/** The streams of a connection, and what both ends have said of them: how many, how much, and which are the last. */
import type { Method } from "../http1/method.ts";
import { Ended, EndedStreams } from "./ended-streams.ts";
import { STREAM_ID_MAX } from "./frame.ts";
import type { Http2Limits } from "./limits.ts";
import { defaultSettings, STREAMS_AT_FIRST, WINDOW_AT_FIRST } from "./settings.ts";
import { Stream } from "./stream.ts";
import { maySend, moveStream, StreamMove, StreamState } from "./stream-state.ts";

export type Role = "server" | "client";

export class Streams {
  readonly role: Role;
  readonly limits: Http2Limits;
  readonly peer = defaultSettings();
  readonly ended = new EndedStreams();
  readonly #open = new Map<number, Stream>();
  /** What may be sent on the connection. */
  sendWindow = WINDOW_AT_FIRST;
  /** DATA frames that we sent. */
  dataFrames = 0;
  /** Streams that were ever begun. */
  begun = 0;
  isFailed = false;
  /** The peer's SETTINGS have come. */
  isSettled = false;
  isDraining = false;
  /** The last stream that the peer began, and that we did. */
  lastPeer = 0;
  #lastOwn = -1;
  /** What the peer has taken of ours, once it says that it takes no more; -1 before. */
  goawayLast = -1;
  /** What we have said of the peer's. */
  toldLast = STREAM_ID_MAX;

  constructor(role: Role, limits: Http2Limits) {
    this.role = role;
    this.limits = limits;
  }

  /** That we reset, ever. */
  get reset(): number {
    return this.ended.resetByUs;
  }

  get count(): number {
    return this.#open.size;
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  all(): Iterable<Stream> {
    return this.#open.values();
  }

  get mayOpen(): boolean {
    return (
      !this.isLeaving &&
      this.#open.size < Math.min(this.#peerMax(), this.limits.streamsMax) &&
      this.#lastOwn < STREAM_ID_MAX - 1
    );
  }

  #peerMax(): number {
    return this.isSettled ? this.peer.maxConcurrentStreams : STREAMS_AT_FIRST;
  }

  /** The peer takes no new streams, or we give it none. */
  get isLeaving(): boolean {
    return this.goawayLast >= 0 || this.isDraining || this.isFailed;
  }

  sendable(stream: Stream): number {
    return maySend(stream.state) ? Math.max(0, Math.min(stream.sendWindow, this.sendWindow)) : 0;
  }

  /** One that we begin, as client. */
  open(method: Method): Stream {
    this.#lastOwn += 2;
    const stream = this.make(this.#lastOwn);
    stream.method = method;
    return stream;
  }

  make(id: number): Stream {
    const { streamWindowBytes, streamWindowBytesMax } = this.limits;
    const stream = new Stream(id, this.peer.initialWindowSize, streamWindowBytes, streamWindowBytesMax);
    this.#open.set(id, stream);
    this.begun++;
    this.move(stream, StreamMove.begin);
    return stream;
  }

  move(stream: Stream, move: StreamMove, byPeer = false): void {
    const state = moveStream(stream.state, move);
    if (state === undefined) throw new Error(`a stream in state ${stream.state} has no move ${move}`);
    if (state === stream.state) return;
    stream.state = state;
    if (state !== StreamState.closed) return;
    this.#open.delete(stream.id);
    const byReset = byPeer ? Ended.resetByPeer : Ended.resetByUs;
    this.ended.note(stream.id, move === StreamMove.reset ? byReset : Ended.whole);
  }

  /** No stream of this number was ever begun. */
  isIdle(id: number): boolean {
    const isOfClient = (id & 1) === 1;
    if (!isOfClient) return true;
    return this.role === "server" ? id > this.lastPeer : id > this.#lastOwn;
  }
}
