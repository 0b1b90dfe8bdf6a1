/**
 * From the fields of a block to a head as everyone behind the codec knows it: HTTP/1.1's text
 * with its spans. What RFC 9113, section 8, calls malformed is one fault, and ends the stream; what is
 * only too much is another, which a response can say.
 *
 *     :method :path         the request line, with HTTP/1.1
 *     :authority            the Host field, the first one (section 8.3.1); a Host field must say the same
 *     cookie, cookie, …     one field (section 8.2.3), the last
 *     :status               the status line, without a reason
 */
import { asciiBytes, COLON, CR, equalsFolded, IS_TOKEN, IS_VALUE, isDigit, LF, SP } from "../http1/characters.ts";
import { copyBytes } from "../http1/copy-bytes.ts";
import { FAULTS, type Fault } from "../http1/fault.ts";
import { addField, noteField } from "../http1/field-lines.ts";
import { Head, NO_BYTES } from "../http1/head.ts";
import { type CodecLimits, KEPT_BYTES_MAX } from "../http1/limits.ts";
import { Method } from "../http1/method.ts";
import { readRequestLine } from "../http1/request-line.ts";
import { readStatusLine } from "../http1/status-line.ts";
import { type BlockKind, type HeadFault, malformed, refused, settleHead } from "./head-coding.ts";
import { ENTRY_OVERHEAD, type Entry, LOOKED_AT, UNSEEN } from "./hpack/dynamic-table.ts";

const VERSION = asciiBytes(" HTTP/1.1\r\n");
const STATUS = asciiBytes("HTTP/1.1 ");
const HOST = asciiBytes("host: ");
const COOKIE = asciiBytes("cookie: ");
const STAR = 0x2a;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
/** Of a connection that sends a head: most send none at any one time. */
const BYTES_AT_FIRST = 1024;
const KEPT_AT_FIRST = 64;

const Pseudo = { method: 0, scheme: 1, authority: 2, path: 3, protocol: 4, status: 5 } as const;
const PSEUDO_NAMES = [":method", ":scheme", ":authority", ":path", ":protocol", ":status"].map(asciiBytes);

/** RFC 9113, section 8.2.2; `te` may say trailers. */
const CONNECTION_FIELDS = ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade"].map(
  asciiBytes,
);
const TE = asciiBytes("te");
const COOKIE_NAME = asciiBytes("cookie");
const HOST_NAME = asciiBytes("host");
const TRAILERS = asciiBytes("trailers");
/** 1 where a name of this length may be one of them: nearly every name is told from them by that. */
const CONNECTION_LENGTHS = Uint8Array.from({ length: 32 }, (_, length) =>
  [TE, ...CONNECTION_FIELDS].some((name) => name.length === length) ? 1 : 0,
);

/** A span that is kept in the composer's own bytes. */
type Kept = { bytes: Uint8Array; length: number };

export class HeadComposer {
  readonly head = new Head(true);
  readonly #limits: CodecLimits;
  #kind: BlockKind = "request";
  #bytes: Uint8Array = NO_BYTES;
  #at = 0;
  /** As SETTINGS_MAX_HEADER_LIST_SIZE counts. */
  #listBytes = 0;
  #fields = 0;
  #isLineWritten = false;
  #seen = 0;
  readonly #pseudo: readonly Kept[] = PSEUDO_NAMES.map(() => ({ bytes: NO_BYTES, length: 0 }));
  readonly #cookie: Kept = { bytes: NO_BYTES, length: 0 };
  #hostStart = -1;
  #hostEnd = -1;
  fault: HeadFault | undefined = undefined;
  /** `:scheme` is https; what the client says, for records: the policy sees the connection's own. */
  isHttps = false;

  constructor(limits: CodecLimits) {
    this.#limits = limits;
  }

  /** Before the first field of a block. The head of the one before is gone. */
  begin(kind: BlockKind): void {
    this.#kind = kind;
    this.#at = 0;
    this.#listBytes = 0;
    this.#fields = 0;
    this.#seen = 0;
    this.#cookie.length = 0;
    this.#hostStart = -1;
    this.fault = undefined;
    this.#isLineWritten = kind === "trailers";
    this.head.reset(this.#bytes, 0);
  }

  /** More is kept of the head than nearly any takes, until `rest`. */
  get isLarge(): boolean {
    const path = this.#pseudo[Pseudo.path]!;
    return (
      this.#bytes.length > KEPT_BYTES_MAX ||
      this.#cookie.bytes.length > KEPT_BYTES_MAX ||
      path.bytes.length > KEPT_BYTES_MAX
    );
  }

  /** The head is dealt with. */
  rest(): void {
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = NO_BYTES;
    this.head.reset(this.#bytes, 0);
    for (const kept of [...this.#pseudo, this.#cookie]) if (kept.bytes.length > KEPT_BYTES_MAX) kept.bytes = NO_BYTES;
  }

  addField(
    name: Uint8Array,
    nameStart: number,
    nameEnd: number,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    entry?: Entry,
  ): undefined {
    if (this.fault !== undefined) return;
    const nameLength = nameEnd - nameStart;
    this.#listBytes += nameLength + (valueEnd - valueStart) + ENTRY_OVERHEAD;
    const isTrailers = this.#kind === "trailers";
    const bytesMax = isTrailers ? this.#limits.trailerBytesMax : this.#limits.headBytesMax;
    if (this.#listBytes > bytesMax) return this.#refuse(isTrailers ? FAULTS["trailers-long"] : FAULTS["head-long"]);
    if (entry !== undefined && entry.known >= 0) return this.#addKnown(entry);
    if (!isFieldValue(value, valueStart, valueEnd)) return this.#malformed("a field's value");
    if (name[nameStart] === COLON) return this.#addPseudo(name, nameStart, nameEnd, value, valueStart, valueEnd);
    if (!isFieldName(name, nameStart, nameEnd)) return this.#malformed("a field's name");
    if (
      CONNECTION_LENGTHS[nameLength] === 1 &&
      !this.#isForStream(name, nameStart, nameEnd, value, valueStart, valueEnd)
    )
      return this.#malformed("a field of the connection");
    if (++this.#fields > (isTrailers ? this.#limits.trailersMax : this.#limits.fieldsMax))
      return this.#refuse(FAULTS["fields-many"]);
    if (!this.#isLineWritten) this.#writeLine();
    if (this.fault !== undefined) return;
    if (this.#kind === "request") {
      if (isName(name, nameStart, nameLength, COOKIE, 6)) return this.#addCookie(value, valueStart, valueEnd);
      if (isName(name, nameStart, nameLength, HOST, 4)) return this.#addHost(value, valueStart, valueEnd);
    }
    this.#append(name, nameStart, nameEnd, value, valueStart, valueEnd);
    if (entry !== undefined && entry.known === UNSEEN) entry.known = this.#knownOf(entry);
  }

  /** Of an entry that was appended just now. */
  #knownOf({ name }: Entry): number {
    const { head } = this;
    const last = head.fieldCount - 1;
    const { length } = name;
    for (const each of [TE, COOKIE_NAME, HOST_NAME]) if (isName(name, 0, length, each, each.length)) return LOOKED_AT;
    return head.marks[last] === 1 ? LOOKED_AT : head.names[last]!;
  }

  /** An entry that has been a field before. */
  #addKnown({ name, value, known }: Entry): undefined {
    if (++this.#fields > (this.#kind === "trailers" ? this.#limits.trailersMax : this.#limits.fieldsMax))
      return this.#refuse(FAULTS["fields-many"]);
    if (!this.#isLineWritten) this.#writeLine();
    if (this.fault !== undefined) return;
    const nameAt = this.#at;
    const valueAt = this.#putLine(name, 0, name.length, value, 0, value.length);
    noteField(this.head, nameAt, nameAt + name.length, valueAt, valueAt + value.length, known);
  }

  /**
   * The block is whole: `head` is settled, or `fault` says why not. `isEnd`: no content follows.
   * Of a response, `method` is its request's.
   */
  end(isEnd: boolean, method: Method = Method.other): undefined {
    if (this.fault !== undefined) return;
    if (!this.#isLineWritten) this.#writeLine();
    if (this.fault !== undefined) return;
    if (this.#cookie.length > 0) this.#append(COOKIE, 0, 6, this.#cookie.bytes, 0, this.#cookie.length);
    this.#reserve(2);
    this.#bytes[this.#at++] = CR;
    this.#bytes[this.#at++] = LF;
    const { head } = this;
    head.bytes = this.#bytes;
    head.end = this.#at;
    if (this.#kind === "trailers") return;
    this.fault = settleHead(head, this.#kind, this.#limits, isEnd, method);
  }

  #addPseudo(name: Uint8Array, ns: number, ne: number, value: Uint8Array, vs: number, ve: number): undefined {
    if (this.#isLineWritten) return this.#malformed("a pseudo-field behind a field, or in trailers");
    const which = pseudoOf(name, ns, ne);
    const isOfKind = which === Pseudo.status ? this.#kind === "response" : this.#kind === "request";
    if (which < 0 || !isOfKind) return this.#malformed("a pseudo-field that is not known here");
    if ((this.#seen & (1 << which)) !== 0) return this.#malformed("a pseudo-field twice");
    this.#seen |= 1 << which;
    keep(this.#pseudo[which]!, value, vs, ve, 0);
  }

  /** The start line, once every pseudo-field is there. */
  #writeLine(): undefined {
    this.#isLineWritten = true;
    if (this.#kind === "response") return this.#writeStatusLine();
    const method = this.#pseudo[Pseudo.method]!;
    const isConnect = isText(method, "CONNECT");
    const needed =
      (1 << Pseudo.method) | (isConnect ? 1 << Pseudo.authority : (1 << Pseudo.scheme) | (1 << Pseudo.path));
    if ((this.#seen & needed) !== needed) return this.#malformed("a pseudo-field is missing");
    // CONNECT, and extended CONNECT of RFC 8441, are read so far; what would be a tunnel is no request that a proxy carries yet.
    if (isConnect) return this.#refuse(FAULTS["method-unsupported"]);
    if ((this.#seen & (1 << Pseudo.protocol)) !== 0) return this.#malformed(":protocol without CONNECT");
    const scheme = this.#pseudo[Pseudo.scheme]!;
    this.isHttps = isText(scheme, "https");
    if (!this.isHttps && !isText(scheme, "http")) return this.#malformed(":scheme");
    const path = this.#pseudo[Pseudo.path]!;
    // An absolute or empty path would be read in another way behind us.
    if (path.length === 0 || (path.bytes[0] !== SLASH && !(path.length === 1 && path.bytes[0] === STAR)))
      return this.#malformed(":path");
    if (method.length === 0) return this.#malformed(":method");
    this.#reserve(method.length + 1 + path.length + VERSION.length);
    this.#put(method.bytes, 0, method.length);
    this.#bytes[this.#at++] = SP;
    this.#put(path.bytes, 0, path.length);
    this.#put(VERSION, 0, VERSION.length);
    this.head.bytes = this.#bytes;
    const next = readRequestLine(this.head, 0, this.#at, this.#limits);
    if (next !== this.#at) {
      const fault = this.head.fault ?? FAULTS["request-line"];
      return fault.status === 400 ? this.#malformed(fault.reason) : this.#refuse(fault);
    }
    const authority = this.#pseudo[Pseudo.authority]!;
    if ((this.#seen & (1 << Pseudo.authority)) !== 0) this.#addHost(authority.bytes, 0, authority.length);
  }

  #writeStatusLine(): undefined {
    const status = this.#pseudo[Pseudo.status]!;
    const isStatus = (this.#seen & (1 << Pseudo.status)) !== 0 && status.length === 3;
    if (!isStatus || !isDigit(status.bytes[0]!) || !isDigit(status.bytes[1]!) || !isDigit(status.bytes[2]!))
      return this.#malformed(":status");
    this.#reserve(STATUS.length + status.length + 3);
    this.#put(STATUS, 0, STATUS.length);
    this.#put(status.bytes, 0, status.length);
    this.#bytes[this.#at++] = SP;
    this.#bytes[this.#at++] = CR;
    this.#bytes[this.#at++] = LF;
    this.head.bytes = this.#bytes;
    if (readStatusLine(this.head, 0, this.#at) !== this.#at) this.#malformed(":status");
  }

  /** `:authority` and Host are one: the first stands, another must be the same. */
  #addHost(value: Uint8Array, start: number, end: number): undefined {
    if (this.#hostStart < 0) {
      this.#append(HOST, 0, 4, value, start, end);
      this.#hostStart = this.#at - 2 - (end - start);
      this.#hostEnd = this.#at - 2;
      return;
    }
    const isSame = end - start === this.#hostEnd - this.#hostStart;
    for (let i = 0; isSame && i < end - start; i++)
      if (value[start + i] !== this.#bytes[this.#hostStart + i]) return this.#malformed("Host is not :authority");
    if (!isSame) this.#malformed("Host is not :authority");
  }

  #addCookie(value: Uint8Array, start: number, end: number): undefined {
    const cookie = this.#cookie;
    if (cookie.length > 0) {
      keep(cookie, SEPARATOR, 0, SEPARATOR.length, cookie.length);
    }
    keep(cookie, value, start, end, cookie.length);
  }

  #append(name: Uint8Array, ns: number, ne: number, value: Uint8Array, vs: number, ve: number): undefined {
    const nameAt = this.#at;
    const valueAt = this.#putLine(name, ns, ne, value, vs, ve);
    addField(this.head, nameAt, nameAt + (ne - ns), valueAt, valueAt + (ve - vs));
  }

  /** Writes a line; where its value stands. */
  #putLine(name: Uint8Array, ns: number, ne: number, value: Uint8Array, vs: number, ve: number): number {
    this.#reserve(ne - ns + (ve - vs) + 4);
    const bytes = this.#bytes;
    this.#put(name, ns, ne);
    bytes[this.#at++] = COLON;
    bytes[this.#at++] = SP;
    const valueAt = this.#at;
    this.#put(value, vs, ve);
    bytes[this.#at++] = CR;
    bytes[this.#at++] = LF;
    this.head.bytes = bytes;
    return valueAt;
  }

  #put(bytes: Uint8Array, start: number, end: number): void {
    this.#at = copyBytes(this.#bytes, this.#at, bytes, start, end);
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    let size = Math.max(BYTES_AT_FIRST, this.#bytes.length * 2);
    while (size < this.#at + count) size *= 2;
    const larger = new Uint8Array(size);
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
    this.head.bytes = larger;
  }

  /** Whether the field may stand in HTTP/2. */
  #isForStream(name: Uint8Array, ns: number, ne: number, value: Uint8Array, vs: number, ve: number): boolean {
    if (isName(name, ns, ne - ns, TE, TE.length))
      return this.#kind === "request" && equalsFolded(value, vs, ve, TRAILERS);
    for (let i = 0; i < CONNECTION_FIELDS.length; i++) {
      const field = CONNECTION_FIELDS[i]!;
      if (isName(name, ns, ne - ns, field, field.length)) return false;
    }
    return true;
  }

  #malformed(reason: string): undefined {
    this.fault = malformed(reason);
  }

  #refuse(fault: Fault): undefined {
    this.fault = this.#kind === "request" ? refused(fault) : malformed(fault.reason);
  }
}

/** Which pseudo-field it is; -1: none that is known. */
function pseudoOf(name: Uint8Array, start: number, end: number): number {
  for (let which = 0; which < PSEUDO_NAMES.length; which++) {
    const each = PSEUDO_NAMES[which]!;
    if (isName(name, start, end - start, each, each.length)) return which;
  }
  return -1;
}

const SEPARATOR = Uint8Array.of(SEMICOLON, SP);

function isFieldName(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return false;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (IS_TOKEN[byte] !== 1 || (byte >= 0x41 && byte <= 0x5a)) return false;
  }
  return true;
}

/** RFC 9113, section 8.2.1: neither control characters nor white space at either end. */
function isFieldValue(bytes: Uint8Array, start: number, end: number): boolean {
  if (start === end) return true;
  if (isBlank(bytes[start]!) || isBlank(bytes[end - 1]!)) return false;
  for (let at = start; at < end; at++) if (IS_VALUE[bytes[at]!] !== 1) return false;
  return true;
}

function isBlank(byte: number): boolean {
  return byte === SP || byte === 0x09;
}

function isName(bytes: Uint8Array, start: number, length: number, name: Uint8Array, nameLength: number): boolean {
  if (length !== nameLength) return false;
  for (let i = 0; i < length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}

function isText({ bytes, length }: Kept, text: string): boolean {
  if (length !== text.length) return false;
  for (let i = 0; i < length; i++) if (bytes[i] !== text.charCodeAt(i)) return false;
  return true;
}

/** Keeps a span at `at`; what is kept ends there. */
function keep(kept: Kept, bytes: Uint8Array, start: number, end: number, at: number): void {
  const length = at + end - start;
  if (length > kept.bytes.length) {
    const larger = new Uint8Array(Math.max(KEPT_AT_FIRST, length * 2));
    larger.set(kept.bytes.subarray(0, at));
    kept.bytes = larger;
  }
  copyBytes(kept.bytes, at, bytes, start, end);
  kept.length = length;
}
