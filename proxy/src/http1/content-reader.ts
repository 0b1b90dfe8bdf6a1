/**
 * Delimits the content of a message: Content-Length, chunked or until the connection closes.
 * Chunked framing (RFC 9112, section 7.1) is a state machine by byte, strict to the grammar;
 * extensions are checked and dropped. Content itself is passed on as spans, never copied.
 */
import { CR, HEX_VALUE, LF } from "./characters.ts";
import { ChunkExtension, extensionStep } from "./chunk-extension.ts";
import { FAULTS, type Fault } from "./fault.ts";
import { Framing, type Head, NO_TRAILERS } from "./head.ts";
import { HeadReader, HeadStep } from "./head-reader.ts";
import type { CodecLimits } from "./limits.ts";
import { ReaderEvent } from "./reader-event.ts";

const Part = { size: 0, extension: 1, sizeEnd: 2, data: 3, dataEnd: 4, dataEndLf: 5, trailers: 6 } as const;
type Part = (typeof Part)[keyof typeof Part];

const SEMICOLON = 0x3b;
const SP = 0x20;
const HTAB = 0x09;

export class ContentReader {
  /** Span of content, after ReaderEvent.content. */
  from = 0;
  to = 0;
  /** Position behind what was taken. */
  at = 0;
  fault: Fault = FAULTS.incomplete;
  /** Trailer fields of the message that ended last; none unless it was chunked. */
  trailers: Head = NO_TRAILERS;
  readonly #limits: CodecLimits;
  /** Made for the first that come. */
  #trailers: HeadReader | undefined = undefined;
  /** Of a response, blanks behind a chunk's size are passed over, as old servers pad it. */
  readonly #isResponse: boolean;
  #framing: Framing = Framing.none;
  /** Bytes of content (or of the chunk) that are still to come. */
  #remaining = 0;
  #part: Part = Part.size;
  #size = 0;
  #sizeDigits = 0;
  #extension: ChunkExtension = ChunkExtension.before;
  #extensionBytes = 0;

  constructor(limits: CodecLimits, isResponse: boolean) {
    this.#limits = limits;
    this.#isResponse = isResponse;
  }

  /** Inside chunk framing or trailers: what is read is not content, and whether it is valid is not known yet. */
  get isInFraming(): boolean {
    return this.#framing === Framing.chunked && this.#part !== Part.data;
  }

  begin(head: Head): void {
    this.#framing = head.framing;
    this.#remaining = head.framing === Framing.length ? head.contentLength : 0;
    this.#part = Part.size;
    this.#size = 0;
    this.#sizeDigits = 0;
    this.#extensionBytes = 0;
    this.trailers = NO_TRAILERS;
  }

  /** Ends content that lasts until the connection closes; false for any other. */
  closed(): boolean {
    return this.#framing === Framing.close;
  }

  /** No more bytes come, and the content is not whole: why. */
  finish(): Fault {
    return this.#trailers?.isPending === true ? this.#trailers.finish() : FAULTS.incomplete;
  }

  next(bytes: Uint8Array, at: number, end: number): ReaderEvent {
    switch (this.#framing) {
      case Framing.none:
        this.at = at;
        return ReaderEvent.end;
      case Framing.length:
        return this.#remaining === 0 ? this.#ended(at) : this.#span(at, end);
      case Framing.close:
        this.#remaining = Number.MAX_SAFE_INTEGER;
        return this.#span(at, end);
      case Framing.chunked:
        return this.#chunked(bytes, at, end);
    }
  }

  #ended(at: number): ReaderEvent {
    this.at = at;
    return ReaderEvent.end;
  }

  #span(at: number, end: number): ReaderEvent {
    const length = Math.min(this.#remaining, end - at);
    this.from = at;
    this.to = at + length;
    this.at = at + length;
    this.#remaining -= length;
    return length === 0 ? ReaderEvent.needMore : ReaderEvent.content;
  }

  #chunked(bytes: Uint8Array, start: number, end: number): ReaderEvent {
    let at = start;
    while (at < end) {
      if (this.#part === Part.data) {
        const event = this.#span(at, end);
        if (this.#remaining === 0) this.#part = Part.dataEnd;
        return event;
      }
      if (this.#part === Part.trailers) return this.#readTrailers(bytes, at, end);
      const fault = this.#framingByte(bytes[at]!);
      if (fault !== undefined) {
        this.fault = fault;
        this.at = at;
        return ReaderEvent.fault;
      }
      at++;
    }
    this.at = at;
    return ReaderEvent.needMore;
  }

  #framingByte(byte: number): Fault | undefined {
    switch (this.#part) {
      case Part.size:
        return this.#sizeByte(byte);
      case Part.extension: {
        if (++this.#extensionBytes > this.#limits.chunkExtensionBytesMax) return FAULTS["chunk-extension"];
        if (byte === CR && this.#isResponse && this.#extension === ChunkExtension.before) {
          this.#part = Part.sizeEnd;
          return undefined;
        }
        const next = extensionStep(this.#extension, byte);
        if (next === ChunkExtension.fault) return FAULTS["chunk-extension"];
        this.#extension = next;
        if (next === ChunkExtension.ended) this.#part = Part.sizeEnd;
        return undefined;
      }
      case Part.sizeEnd:
        if (byte !== LF) return FAULTS["line-end"];
        this.#remaining = this.#size;
        this.#part = this.#size === 0 ? Part.trailers : Part.data;
        this.#size = 0;
        this.#sizeDigits = 0;
        return undefined;
      case Part.dataEnd:
        if (byte !== CR) return FAULTS["chunk-end"];
        this.#part = Part.dataEndLf;
        return undefined;
      default:
        if (byte !== LF) return FAULTS["chunk-end"];
        this.#part = Part.size;
        return undefined;
    }
  }

  #sizeByte(byte: number): Fault | undefined {
    const digit = HEX_VALUE[byte]!;
    if (digit !== 255) {
      this.#size = this.#size * 16 + digit;
      const isHeld = ++this.#sizeDigits <= this.#limits.chunkSizeDigitsMax && this.#size <= Number.MAX_SAFE_INTEGER;
      return isHeld ? undefined : FAULTS["chunk-size"];
    }
    if (this.#sizeDigits === 0) return FAULTS["chunk-size"];
    if (byte === CR) {
      this.#part = Part.sizeEnd;
      return undefined;
    }
    if (byte !== SEMICOLON && byte !== SP && byte !== HTAB) return FAULTS["chunk-size"];
    this.#part = Part.extension;
    this.#extension = byte === SEMICOLON ? ChunkExtension.nameStart : ChunkExtension.before;
    this.#extensionBytes++;
    return undefined;
  }

  #readTrailers(bytes: Uint8Array, at: number, end: number): ReaderEvent {
    this.#trailers ??= new HeadReader("trailers", this.#limits);
    const trailers = this.#trailers;
    const step = trailers.feed(bytes, at, end);
    this.at = trailers.at;
    if (step === HeadStep.needMore) return ReaderEvent.needMore;
    if (step === HeadStep.done) {
      if (trailers.head.fieldCount > 0) this.trailers = trailers.head;
      this.#framing = Framing.none;
      return ReaderEvent.end;
    }
    this.fault = trailers.head.fault ?? FAULTS.incomplete;
    return ReaderEvent.fault;
  }
}
