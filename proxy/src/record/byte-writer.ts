/**
 * Text as bytes into one buffer that is used again: what is logged for every request
 * is written here, without strings in between.
 */
import { copyBytes } from "../http1/copy-bytes.ts";
import { copyPhrase, type Phrase } from "./phrase.ts";

const HEX = "0123456789abcdef";
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
/** A loop writes shorter texts faster than a call into the engine. */
const LOOP_MAX = 12;
/** Bytes that stand in a JSON string as they are. */
const IS_PLAIN = Uint8Array.from({ length: 256 }, (_, byte) =>
  byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH ? 1 : 0,
);
/** What stands in a JSON string as it is. */
const PLAIN = /^[ !#-[\]-~]*$/;

export class ByteWriter {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly #view: DataView;
  at = 0;

  constructor(bytes: number) {
    this.bytes = Buffer.alloc(bytes);
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, bytes);
  }

  get room(): number {
    return this.bytes.length - this.at;
  }

  /** ASCII only; what does not fit must have been asked for with `room`. */
  ascii(text: string): void {
    const { bytes } = this;
    let at = this.at;
    if (text.length > LOOP_MAX) {
      this.at = at + bytes.write(text, at, "latin1");
      return;
    }
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.at = at;
  }

  /** With up to seven bytes of room behind it. */
  phrase(phrase: Phrase): void {
    this.at = copyPhrase(this.#view, this.at, phrase);
  }

  /** Bytes as they are. */
  raw(source: Uint8Array, length = source.length): void {
    this.at = copyBytes(this.bytes, this.at, source, 0, length);
  }

  /** Any string as the inside of a JSON string, in ASCII. At most 6 bytes a UTF-16 unit. */
  jsonText(text: string): void {
    if (PLAIN.test(text)) {
      this.ascii(text);
      return;
    }
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit < 0x80) this.jsonByte(unit);
      else this.#unicode(unit);
    }
  }

  /** Latin-1 bytes as the inside of a JSON string. At most 6 bytes each. */
  jsonBytes(source: Uint8Array, start: number, end: number): void {
    this.jsonUntil(source, start, end, -1);
  }

  /** As jsonBytes, up to the first byte that is `stop`; gives its position, or `end`. */
  jsonUntil(source: Uint8Array, start: number, end: number, stop: number): number {
    const { bytes } = this;
    let at = this.at;
    let from = start;
    for (; from < end; from++) {
      const byte = source[from] as number;
      if (byte === stop) break;
      if (IS_PLAIN[byte] === 1) bytes[at++] = byte;
      else {
        this.at = at;
        this.jsonByte(byte);
        at = this.at;
      }
    }
    this.at = at;
    return from;
  }

  jsonByte(byte: number): void {
    const { bytes } = this;
    if (byte < 0x20 || byte >= 0x7f) this.#unicode(byte);
    else {
      if (IS_PLAIN[byte] === 0) bytes[this.at++] = BACKSLASH;
      bytes[this.at++] = byte;
    }
  }

  /** A whole number of at most 15 digits, not negative. */
  integer(value: number): void {
    if (value < 10) {
      this.bytes[this.at++] = 0x30 + value;
      return;
    }
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits++;
    let rest = value;
    for (let at = this.at + digits - 1; at >= this.at; at--) {
      const next = Math.floor(rest / 10);
      this.bytes[at] = 0x30 + (rest - next * 10);
      rest = next;
    }
    this.at += digits;
  }

  /** With three decimals, not negative. */
  thousandths(value: number): void {
    const units = Math.round(value * 1000);
    const whole = Math.floor(units / 1000);
    this.integer(whole);
    const rest = units - whole * 1000;
    this.bytes[this.at++] = 0x2e;
    this.bytes[this.at++] = 0x30 + Math.floor(rest / 100);
    this.bytes[this.at++] = 0x30 + (Math.floor(rest / 10) % 10);
    this.bytes[this.at++] = 0x30 + (rest % 10);
  }

  #unicode(unit: number): void {
    this.ascii("\\u");
    for (let shift = 12; shift >= 0; shift -= 4) this.bytes[this.at++] = HEX.charCodeAt((unit >> shift) & 15);
  }
}
