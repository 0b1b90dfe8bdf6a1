/**
 * Sequences of frames that mean well, and what becomes of them when bytes and frames of theirs are changed:
 * the codec must not throw, must say the same whatever the pieces are, must write whole frames and no more
 * of them than it was given reason to, and every head that it tells must be one to HTTP/1.1's reader too.
 */
import { Http2Connection, Http2Event, Method, ReaderEvent, RequestReader, textOf } from "@regomesh/proxy";

export type MutantOutcome = {
  readonly runs: number;
  /** Sequences that ended in GOAWAY, and that reset a stream. */
  readonly faults: number;
  readonly resets: number;
  readonly heads: number;
};

type Random = () => number;
type Frame = Uint8Array;
type Role = "server" | "client";
type Coding = "hpack" | "raw";

const latin = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const PREFACE = latin("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
const HEADER_BYTES = 9;
const END_STREAM = 1;
const END_HEADERS = 4;
const [DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION] = [
  0, 1, 2, 3, 4, 6, 7, 8, 9,
];
/** Written beside what each frame gives reason for: SETTINGS, windows, one GOAWAY with its words. */
const WRITTEN_FREE = 512;

function frame(type: number, flags: number, stream: number, payload: Uint8Array | readonly number[] = []): Frame {
  const { length } = payload;
  const bytes = new Uint8Array(HEADER_BYTES + length);
  bytes.set([length >>> 16, length >>> 8, length, type, flags, stream >>> 24, stream >>> 16, stream >>> 8, stream]);
  bytes.set(payload, HEADER_BYTES);
  return bytes;
}

/** What a real encoder writes: literals, indexed fields, Huffman. */
function blockOf(fields: readonly (readonly [string, string])[]): Uint8Array {
  const client = new Http2Connection("client");
  client.output.clear();
  const stream = client.open(Method.other);
  client.beginHead();
  for (const [name, value] of fields) {
    const [n, v] = [latin(name), latin(value)];
    client.field(n, 0, n.length, v, 0, v.length);
  }
  client.endHead(stream, false);
  return client.output.take().slice(HEADER_BYTES);
}

const REQUEST = [
  [":method", "POST"],
  [":scheme", "http"],
  [":path", "/a/b?c=d"],
  [":authority", "orders"],
] as const;
const RESPONSE = [[":status", "200"]] as const;
const FIELDS = [
  ["user-agent", "mutant"],
  ["cookie", "a=1"],
  ["cookie", "b=2"],
  ["x-empty", ""],
  ["te", "trailers"],
] as const;

function well(role: Role, coding: Coding): readonly Frame[] {
  const start = role === "server" ? REQUEST : RESPONSE;
  const line = role === "server" ? "POST /a HTTP/1.1\r\nhost: orders\r\n" : "HTTP/1.1 200 OK\r\n";
  const block = (more: readonly (readonly [string, string])[]) => {
    if (coding === "hpack") return blockOf([...start, ...more]);
    return latin(`${line}${more.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n`);
  };
  const trailers = coding === "hpack" ? blockOf([["x-sum", "7"]]) : latin("x-sum: 7\r\n\r\n");
  const long = block([...FIELDS, ["x-long", "v".repeat(400)]]);
  return [
    frame(SETTINGS, 0, 0, [0, 4, 0, 1, 0, 0]),
    frame(HEADERS, END_HEADERS, 1, block([...FIELDS, ["content-length", "11"]])),
    frame(DATA, 0, 1, latin("hello ")),
    frame(DATA, 8, 1, [2, ...latin("world"), 0, 0]),
    frame(HEADERS, END_HEADERS | END_STREAM, 1, trailers),
    frame(HEADERS, END_STREAM, 3, long.subarray(0, 20)),
    frame(CONTINUATION, 0, 3, long.subarray(20, 90)),
    frame(CONTINUATION, END_HEADERS, 3, long.subarray(90)),
    frame(PRIORITY, 0, 5, [0, 0, 0, 1, 9]),
    frame(PING, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]),
    frame(WINDOW_UPDATE, 0, 0, [0, 0, 4, 0]),
    frame(HEADERS, END_HEADERS | 0x20, 5, [0, 0, 0, 0, 1, ...block([])]),
    frame(WINDOW_UPDATE, 0, 5, [0, 0, 4, 0]),
    frame(RST_STREAM, 0, 5, [0, 0, 0, 8]),
    frame(0xbe, 0, 0, latin("unknown")),
    frame(HEADERS, END_HEADERS, 7, block([])),
    frame(DATA, END_STREAM, 7, new Uint8Array(300)),
    frame(GOAWAY, 0, 0, [0, 0, 0, 7, 0, 0, 0, 0, ...latin("bye")]),
  ];
}

const CHANGES: readonly ((frames: Frame[], random: Random) => void)[] = [
  // A byte of a frame: its header's as often as its payload's.
  (frames, random) => {
    const one = pick(frames, random);
    const at = Math.floor(random() * (random() < 0.5 ? Math.min(HEADER_BYTES, one.length) : one.length));
    one[at] = Math.floor(random() * 256);
  },
  (frames, random) => {
    const one = pick(frames, random);
    const at = Math.floor(random() * one.length);
    one[at] = (one[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  },
  (frames, random) => void frames.splice(place(frames, random), 1),
  (frames, random) => void frames.splice(place(frames, random), 0, pick(frames, random).slice()),
  (frames, random) => {
    const [one, other] = [place(frames, random), place(frames, random)];
    const kept = frames[one] as Frame;
    frames[one] = frames[other] as Frame;
    frames[other] = kept;
  },
  (frames, random) => {
    const at = place(frames, random);
    const one = frames[at] as Frame;
    frames[at] = one.slice(0, Math.floor(random() * one.length));
  },
  (frames, random) => {
    const length = Math.floor(random() * 40);
    frames.splice(
      place(frames, random),
      0,
      Uint8Array.from({ length }, () => random() * 256),
    );
  },
  (frames, random) => {
    const type = Math.floor(random() * 11);
    const payload = Uint8Array.from({ length: Math.floor(random() * 30) }, () => random() * 256);
    frames.splice(place(frames, random), 0, frame(type, random() * 256, Math.floor(random() * 10), payload));
  },
];

function place(frames: readonly Frame[], random: Random): number {
  return Math.floor(random() * frames.length);
}

function pick(frames: readonly Frame[], random: Random): Frame {
  return frames[place(frames, random)] as Frame;
}

type Seen = {
  readonly told: string;
  readonly written: Buffer;
  readonly kinds: ReadonlySet<number>;
  readonly heads: number;
};

/** Feeds bytes, cut at `cuts`, to a new connection. Content is joined, so that pieces do not show. */
function feed(role: Role, coding: Coding, bytes: Uint8Array, cuts: readonly number[]): Seen {
  const connection = new Http2Connection(role, undefined, coding);
  connection.nowMs = 1;
  if (role === "client") for (let i = 0; i < 4; i++) connection.open(Method.post);
  const told: string[] = [];
  const kinds = new Set<number>();
  const content = new Map<number, number>();
  let heads = 0;
  const places = [0, ...cuts, bytes.length];
  for (let i = 1; i < places.length; i++) {
    const [from = 0, to = 0] = [places[i - 1], places[i]];
    // In a buffer of its own, that is spoilt behind the call, as sockets' are.
    const piece = bytes.slice(from, to);
    for (let at = 0; ; at = connection.at) {
      const event = connection.next(piece, at, piece.length);
      kinds.add(event);
      if (event === Http2Event.needMore) break;
      const { stream, head, code, isEnd } = connection;
      const id = stream?.id ?? 0;
      if (event === Http2Event.content) {
        const count = connection.to - connection.from;
        content.set(id, (content.get(id) ?? 0) + count);
        if (stream !== undefined) connection.release(stream, count);
        if (isEnd) told.push(`end ${id}`);
        continue;
      }
      const isHead = event === Http2Event.head || event === Http2Event.trailers;
      const text = isHead ? textOf(head.bytes, head.start, head.end) : "";
      if (event === Http2Event.head) {
        heads++;
        if (role === "server") holdToHttp1(text);
      }
      told.push(
        `${event} ${id} ${text} ${event === Http2Event.reset || event === Http2Event.fault ? code : ""} ${isHead && isEnd}`,
      );
    }
    piece.fill(0xdb);
  }
  const written = Buffer.from(connection.output.take());
  const sums = [...content].sort(([a], [b]) => a - b).map(([id, count]) => `content ${id} ${count}`);
  return { told: [...told, ...sums].join("\n"), written, kinds, heads };
}

/** A head's text is one whole head, and says nothing else, to whoever reads it next. */
function holdToHttp1(text: string): void {
  // Framing is the frames' own here: what the text says of it is settled when it is written again.
  const lines = text.split("\r\n").filter((line) => !/^content-length:/i.test(line));
  const bytes = Buffer.from(lines.join("\r\n"), "latin1");
  const reader = new RequestReader();
  const event = reader.next(bytes, 0, bytes.length);
  if (event !== ReaderEvent.head || reader.at !== bytes.length)
    throw new Error(`no head to HTTP/1.1: ${JSON.stringify(text)}`);
}

function checkWritten({ written }: Seen, frames: number): void {
  let at = written.subarray(0, PREFACE.length).equals(PREFACE) ? PREFACE.length : 0;
  while (at < written.length) {
    if (at + HEADER_BYTES > written.length) throw new Error("half a frame was written");
    at += HEADER_BYTES + written.readUIntBE(at, 3);
  }
  if (at !== written.length) throw new Error("half a frame was written");
  if (written.length > WRITTEN_FREE + frames * 64) throw new Error(`${written.length} bytes for ${frames} frames`);
}

const KINDS: readonly (readonly [Role, Coding])[] = [
  ["server", "hpack"],
  ["client", "hpack"],
  ["server", "raw"],
  ["client", "raw"],
];

/** Throws, and says the run, where something is wrong. `random` gives numbers of [0, 1) by a seed. */
export function runMutants(runs: number, random: Random): MutantOutcome {
  const wells = KINDS.map(([role, coding]) => well(role, coding));
  let [faults, resets, heads] = [0, 0, 0];
  for (let run = 0; run < runs; run++) {
    const kind = run % KINDS.length;
    const [role, coding] = KINDS[kind] as (typeof KINDS)[number];
    const frames = (wells[kind] as readonly Frame[]).map((one) => one.slice());
    const changes = run < KINDS.length ? 0 : 1 + Math.floor(random() * 4);
    for (let i = 0; i < changes && frames.length > 0; i++)
      CHANGES[Math.floor(random() * CHANGES.length)]?.(frames, random);
    const start = role === "server" ? [PREFACE] : [];
    const bytes = Uint8Array.from(Buffer.concat([...start, ...frames]));
    const cuts = Array.from({ length: Math.floor(random() * 12) }, () => Math.floor(random() * bytes.length)).sort(
      (a, b) => a - b,
    );
    try {
      const whole = feed(role, coding, bytes, []);
      const parts = feed(role, coding, bytes, cuts);
      if (whole.told !== parts.told) throw new Error(`pieces show:\n${whole.told}\n---\n${parts.told}`);
      // What frames that were dropped said besides counts as frames, too.
      checkWritten(whole, frames.length + Math.ceil(bytes.length / HEADER_BYTES));
      if (changes === 0 && whole.kinds.has(Http2Event.fault)) throw new Error("a sequence that means well is refused");
      if (whole.kinds.has(Http2Event.fault)) faults++;
      if (whole.kinds.has(Http2Event.reset)) resets++;
      heads += whole.heads;
    } catch (error) {
      throw new Error(
        `run ${run} (${role}, ${coding}): ${(error as Error).message}\n${Buffer.from(bytes).toString("hex")}`,
      );
    }
  }
  return { runs, faults, resets, heads };
}
