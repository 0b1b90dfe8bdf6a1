/** One stream of a connection, as the codec knows it. Its owner is whoever serves it. */
import { Method } from "../http1/method.ts";
import { ReceiveWindow } from "./receive-window.ts";
import { StreamState } from "./stream-state.ts";

export class Stream {
  readonly id: number;
  state: StreamState = StreamState.idle;
  /** What we may still send; below 0 after the peer has made its initial window smaller. */
  sendWindow: number;
  readonly receiveWindow: ReceiveWindow;
  /** Of a response: the method of its request, which says whether it has content. */
  method: Method = Method.other;
  /** The (final) head was read: another block is trailers. */
  isHeadRead = false;
  /** Content that Content-Length still promises; -1 where it says nothing. */
  contentLeft = -1;
  /** Content waits for a window: `window` is an event for it. */
  isBlocked = false;
  /** Whoever serves it; the codec only keeps it. */
  owner: unknown = undefined;

  constructor(id: number, sendWindow: number, receiveBytes: number, receiveBytesMax: number) {
    this.id = id;
    this.sendWindow = sendWindow;
    this.receiveWindow = new ReceiveWindow(receiveBytes, receiveBytesMax);
  }
}
