/** What is remembered of lines changes nothing of what is read: a head is the same whatever came before it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asciiBytes } from "./characters.ts";
import { readFieldLines } from "./field-lines.ts";
import { Head } from "./head.ts";
import { type HeadKind, HeadReader, HeadStep } from "./head-reader.ts";
import { DEFAULT_CODEC_LIMITS } from "./limits.ts";
import { LineMemory } from "./line-memory.ts";
import { LineRooms } from "./line-rooms.ts";

const FIELDS_MAX = 8;
const rooms = new LineRooms();
const limits = { ...DEFAULT_CODEC_LIMITS, fieldsMax: FIELDS_MAX };

/** Lines of which messages on a connection are made, those that are refused or written anew among them. */
const LINES = [
  "Host: a\r\n",
  "Host: b\r\n",
  "host:a \r\n",
  "Accept: */*\r\n",
  "Accept: */* \r\n",
  "Accept:\t*/*\r\n",
  "X-Id: 1\r\n",
  "X-Id: 22\r\n",
  "X_Forwarded_For: 1.2.3.4\r\n",
  "X-Forwarded-For: 1.2.3.4\r\n",
  "Content-Length: 1, 1\r\n",
  "Content-Length: 1\r\n",
  "Connection: x-id\r\n",
  "Date: now\n",
  "Date : now\r\n",
  "Bad Name: 1\r\n",
  "X-Bad: \x01\r\n",
  ` ${"fold"}\r\n`,
  "Empty:\r\n",
  `Obs: ${"\xff".repeat(20)}\r\n`,
  `Obs: ${"\xff".repeat(19)}\xfe\r\n`,
  `Zero: ${"\0".repeat(20)}\r\n`,
  `Zero: ${"\0".repeat(19)}\x80\r\n`,
  `Long: ${"x".repeat(1500)}\r\n`,
];
const START: Readonly<Record<HeadKind, string>> = {
  request: "GET / HTTP/1.1\r\n",
  response: "HTTP/1.1 200 OK\r\n",
  trailers: "",
};

const linesOf = fc.array(fc.constantFrom(...LINES), { minLength: 1, maxLength: FIELDS_MAX + 1 });
/** A connection's messages: mostly variants of one. */
const connection = linesOf.chain((usual) =>
  fc.array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constant(usual) },
      fc.tuple(fc.nat(FIELDS_MAX), fc.constantFrom(...LINES)).map(([at, line]) => usual.with(at % usual.length, line)),
      fc.nat(FIELDS_MAX).map((at) => usual.toSpliced(at, 1)),
      linesOf,
    ),
    { minLength: 1, maxLength: 12 },
  ),
);

/** All that is found of a head whose bytes begin at `from`. */
function seenOf(head: Head, from: number, next: number): object {
  const { fieldCount, present, repeated, hasMarks, isLoose, fault } = head;
  const spans = [...head.spans.subarray(0, fieldCount * 4)].map((at) => at - from);
  const names = [...head.names.subarray(0, fieldCount)];
  const marks = [...head.marks.subarray(0, fieldCount)];
  return {
    next: next < 0 ? next : next - from,
    end: head.end - from,
    spans,
    names,
    marks,
    present,
    repeated,
    hasMarks,
    isLoose,
    fault,
  };
}

describe.each(["request", "response"] as const)("lines of a %s", (kind) => {
  test.each([
    ["memory of their own", () => new LineMemory()],
    ["places side by side", () => new LineMemory(rooms)],
  ])("are read as by whoever remembers none, wherever they lie, in %s", (_where, makeMemory) => {
    fc.assert(
      fc.property(connection, fc.array(fc.nat(40), { minLength: 1, maxLength: 5 }), (messages, places) => {
        const memory = makeMemory();
        const head = new Head();
        for (const [index, lines] of messages.entries()) {
          const from = places[index % places.length]!;
          const bytes = asciiBytes(`${"-".repeat(from)}${lines.join("")}\r\nbehind`);
          const limit = bytes.length - (index % 3);
          const fresh = new Head();
          fresh.reset(bytes, from);
          const wanted = seenOf(fresh, from, readFieldLines(fresh, from, limit, FIELDS_MAX, kind === "response"));
          head.reset(bytes, from);
          memory.begin();
          const next = readFieldLines(head, from, limit, FIELDS_MAX, kind === "response", memory);
          expect(seenOf(head, from, next)).toEqual(wanted);
          if (next >= 0) memory.settle(head, next);
        }
      }),
    );
  });

  test("in any pieces", () => {
    fc.assert(
      fc.property(
        connection,
        fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 7 }),
        (messages, sizes) => {
          const kept = new HeadReader(kind, limits);
          for (const lines of messages) {
            const bytes = asciiBytes(`${START[kind]}${lines.join("")}\r\n`);
            const fresh = new HeadReader(kind, limits);
            const wanted = fresh.feed(bytes, 0, bytes.length);
            // What both read in place they note in one table.
            const wantedHead = seenOf(fresh.head, fresh.head.start, fresh.head.end);
            let step: HeadStep = HeadStep.needMore;
            for (let at = 0, piece = 0; step === HeadStep.needMore && at < bytes.length; piece++) {
              step = kept.feed(bytes, at, Math.min(bytes.length, at + sizes[piece % sizes.length]!));
              at = kept.at;
            }
            expect(step).toBe(wanted);
            const { head } = kept;
            expect(seenOf(head, head.start, head.end)).toEqual(wantedHead);
            // A connection ends with a fault.
            if (step !== HeadStep.done) return;
          }
        },
      ),
    );
  });
});

/** How many lines of the last message were recalled. */
function recalled(messages: readonly (readonly string[])[]): number {
  const memory = new LineMemory();
  let count = 0;
  for (const lines of messages) {
    const bytes = asciiBytes(`${lines.join("")}\r\n`);
    const head = new Head();
    head.reset(bytes, 0);
    memory.begin();
    memory.recall(head, 0, bytes.length, FIELDS_MAX);
    count = head.fieldCount;
    head.reset(bytes, 0);
    memory.begin();
    const next = readFieldLines(head, 0, bytes.length, FIELDS_MAX, false, memory);
    memory.settle(head, next);
  }
  return count;
}

const [A, B, C, D] = ["A: 1\r\n", "B: 1\r\n", "C: 1\r\n", "D: 1\r\n"] as const;

test.each<readonly [name: string, messages: readonly (readonly string[])[], count: number]>([
  ["nothing of the first message", [[A], [A]], 0],
  ["what the second said", [[A], [A, B], [A, B]], 2],
  ["up to the first line that is another", [[A], [A, B, C], [A, D, C]], 1],
  ["what was said most, not what came last", [[A], [A, B, C], [A, B, D], [A, B, C]], 3],
  ["what is said now, where most is another", [[A], [A, B, C], [D, C, A], [D, C, A]], 3],
  [
    "what is said now, where one line stays another",
    [[A], [A, B, C], ...Array.from({ length: 9 }, () => [A, B, D])],
    3,
  ],
])("it remembers %s", (_name, messages, count) => {
  expect(recalled(messages)).toBe(count);
});

test("lines beyond what is kept are read each time", () => {
  const long = (name: string) => `${name}: ${"x".repeat(900)}\r\n`;
  const lines = [long("A"), long("B"), long("C")];
  expect(recalled([lines, lines, lines])).toBe(2);
});

test("what a connection remembered is nobody's once it is closed, and its place is another's", () => {
  const learn = (memory: LineMemory, lines: readonly string[]): number => {
    const bytes = asciiBytes(`${lines.join("")}\r\n`);
    const head = new Head();
    head.reset(bytes, 0);
    memory.begin();
    const recalledTo = memory.recall(head, 0, bytes.length, FIELDS_MAX);
    const count = recalledTo === 0 ? 0 : head.fieldCount;
    head.reset(bytes, 0);
    memory.begin();
    memory.settle(head, readFieldLines(head, 0, bytes.length, FIELDS_MAX, false, memory));
    return count;
  };
  const memories = Array.from({ length: 200 }, () => new LineMemory(rooms));
  const linesOfOne = (index: number): string[] => [`A: ${index}\r\n`, `B: ${"b".repeat((index % 250) * 7)}\r\n`];
  for (const turn of [0, 0, 2]) {
    for (const [index, memory] of memories.entries()) expect(learn(memory, linesOfOne(index))).toBe(turn);
  }
  for (const memory of memories.splice(50, 100)) {
    memory.close();
    expect([A, B].map((line) => learn(memory, [line]))).toEqual([0, 0]);
  }
  const others = Array.from({ length: 100 }, () => new LineMemory(rooms));
  for (const turn of [0, 0, 2]) {
    for (const [index, memory] of others.entries()) expect(learn(memory, linesOfOne(index + 300))).toBe(turn);
  }
  for (const [index, memory] of memories.entries()) {
    expect(learn(memory, linesOfOne(index < 50 ? index : index + 100))).toBe(2);
  }
});

test("places are apart from each other, and one that was given back is the next one's", () => {
  const few = new LineRooms();
  const taken = Array.from({ length: 130 }, () => few.take());
  expect(new Set(taken).size).toBe(130);
  const places = taken.map(
    (room) =>
      `${[few.pieceOf(taken[0]!), few.pieceOf(taken[64]!), few.pieceOf(taken[128]!)].indexOf(few.pieceOf(room))} ${few.offsetOf(room)}`,
  );
  expect(new Set(places).size).toBe(130);
  few.giveBack(taken[7]!);
  expect(few.take()).toBe(taken[7]);
});
