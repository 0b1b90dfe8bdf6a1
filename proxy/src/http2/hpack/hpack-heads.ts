/** Heads in HPACK's coding. */
import type { Head } from "../../http1/head.ts";
import type { Method } from "../../http1/method.ts";
import type { BlockKind, HeadDecoding, HeadFault } from "../head-coding.ts";
import { HeadComposer } from "../head-composer.ts";
import type { Http2Limits } from "../limits.ts";
import { HpackDecoder } from "./decoder.ts";

export class HpackHeads implements HeadDecoding {
  readonly head: Head;
  readonly #decoder: HpackDecoder;
  readonly #composer: HeadComposer;

  constructor(limits: Http2Limits) {
    this.#decoder = new HpackDecoder(limits.tableBytesMax);
    this.#composer = new HeadComposer(limits);
    this.head = this.#composer.head;
  }

  get fault(): HeadFault | undefined {
    return this.#composer.fault;
  }

  get isLarge(): boolean {
    return this.#composer.isLarge || this.#decoder.isLarge;
  }

  rest(): void {
    this.#composer.rest();
    this.#decoder.rest();
  }

  /** Decoded whatever becomes of it: the tables of both sides stay the same. */
  decode(bytes: Uint8Array, from: number, to: number, kind: BlockKind, isEnd: boolean, method?: Method): boolean {
    this.#composer.begin(kind);
    if (!this.#decoder.decode(bytes, from, to, this.#composer)) return false;
    this.#composer.end(isEnd, method);
    return true;
  }
}
