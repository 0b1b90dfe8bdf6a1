/** Group B: clients of HTTP/2 that flood, reset and hold. Each has its connection taken, and nobody else's. */
import { block, concat, FrameType, frame, GET, type HeadFields, preface, uint32 } from "@regomesh/proxy/test";
import type { Check, Seen } from "./check.ts";
import { ask, openSocket, pour, untilClosed } from "./clients.ts";
import { openSubject, type Subject } from "./subject.ts";

const { data, headers, priority, rstStream, settings, ping, windowUpdate, continuation } = FrameType;
const END_STREAM = 1;
const END_HEADERS = 4;
const HELD: HeadFields = [...GET.filter(([name]) => name !== ":path"), [":path", "/held"]];
const LARGE: HeadFields = [...GET.filter(([name]) => name !== ":path"), [":path", "/large"]];
const POST: HeadFields = [[":method", "POST"], ...GET.slice(1)];
const asked = (at: number, fields: HeadFields) => frame(headers, END_HEADERS | END_STREAM, at * 2 + 1, block(fields));
const opened = (at: number) => frame(headers, END_HEADERS, at * 2 + 1, block(POST));
const STREAMS_MAX = 100;
/** What is written in one piece, so that a flood is one of frames and not of packets. */
const PIECE_FRAMES = 100;

type Flood = {
  readonly id: string;
  readonly name: string;
  readonly frames: number;
  /** Those that one step of `make` has. */
  readonly perStep: number;
  make(at: number): Uint8Array;
};

const FLOODS: readonly Flood[] = [
  {
    id: "B2",
    name: "rapid reset",
    frames: 200_000,
    perStep: 2,
    make: (at) => concat(asked(at, HELD), frame(rstStream, 0, at * 2 + 1, uint32(8))),
  },
  ...(
    [
      ["a window of zero", (at) => frame(windowUpdate, 0, at * 2 + 1, uint32(0))],
      ["a window that overflows", (at) => frame(windowUpdate, 0, at * 2 + 1, uint32(0x7fffffff))],
      ["content behind the end", (at) => concat(frame(data, END_STREAM, at * 2 + 1), frame(data, 0, at * 2 + 1, [1]))],
      ["trailers that do not end", (at) => frame(headers, END_HEADERS, at * 2 + 1, block([["a", "b"]]))],
      ["priority of a wrong length", (at) => frame(priority, 0, at * 2 + 1, [0])],
      ["a stream that depends on itself", (at) => frame(priority, 0, at * 2 + 1, [...uint32(at * 2 + 1), 0])],
    ] as readonly (readonly [string, (at: number) => Uint8Array])[]
  ).map(
    ([name, spoil]): Flood => ({
      id: "B3",
      name: `resets that we are made to send (MadeYouReset): ${name}`,
      frames: 20_000,
      perStep: 2,
      make: (at) => concat(opened(at), spoil(at)),
    }),
  ),
  ...(
    [
      ["SETTINGS", () => frame(settings, 0, 0, [0, 4, ...uint32(1000)])],
      ["PING", () => frame(ping, 0, 0, new Uint8Array(8))],
      ["PRIORITY", () => frame(priority, 0, 1, new Uint8Array(5))],
      ["empty DATA", (at) => (at === 0 ? opened(0) : frame(data, 0, 1))],
      ["CONTINUATION", (at) => (at === 0 ? frame(headers, 0, 1) : frame(continuation, 0, 1, [0x82]))],
      ["frames of a type that nobody knows", () => frame(0x42, 0, 0, [1])],
    ] as readonly (readonly [string, (at: number) => Uint8Array])[]
  ).map(([name, make]): Flood => ({ id: "B4", name, frames: 200_000, perStep: 1, make })),
];

export const HTTP2_CHECKS: readonly Check[] = [
  ...FLOODS.map(
    (flood): Check => ({
      id: flood.id,
      what: `${flood.name}: ${flood.frames.toLocaleString("en")} frames`,
      bound: `the connection ends, below 500 ms of CPU; at most ${STREAMS_MAX * 2} requests begun; others are answered`,
      run: () => runFlood(flood),
    }),
  ),
  {
    id: "B5",
    what: "2,000 connections, one after the other, that overflow the connection's window",
    bound: "memory grows by less than 20 MiB",
    async run() {
      await using subject = await openSubject();
      const bytes = concat(preface, frame(windowUpdate, 0, 0, uint32(0x7fffffff)));
      const overflow = async (count: number): Promise<void> => {
        for (let at = 0; at < count; at++) {
          const socket = await openSocket(subject.port);
          socket.write(bytes);
          await untilClosed([socket], 5000);
        }
      };
      await overflow(200);
      const beforeKiB = subject.privateKiB();
      await overflow(2000);
      const grownMiB = (subject.privateKiB() - beforeKiB) / 1024;
      const sentinel = await ask(subject.port);
      return {
        holds: grownMiB < 20 && sentinel.status === 200,
        figures: `${grownMiB.toFixed(1)} MiB, the request after them ${sentinel.status}`,
      };
    },
  },
  {
    id: "B8",
    what: "90 streams of one connection ask for 1 MiB each and give no window",
    bound: "below 256 KiB a stream; others are answered",
    async run() {
      await using subject = await openSubject();
      await ask(subject.port);
      const beforeKiB = subject.privateKiB();
      const socket = await openSocket(subject.port);
      const noWindow = frame(settings, 0, 0, [0, 4, ...uint32(0)]);
      socket.write(concat(preface, noWindow, ...Array.from({ length: 90 }, (_, at) => asked(at, LARGE))));
      const sentinels = [];
      for (let at = 0; at < 20; at++) sentinels.push(await ask(subject.port));
      const eachKiB = (subject.privateKiB() - beforeKiB) / 90;
      socket.destroy();
      return {
        holds: eachKiB < 256 && sentinels.every(({ status }) => status === 200),
        figures: `${eachKiB.toFixed(0)} KiB a stream`,
      };
    },
  },
];

async function runFlood(flood: Flood): Promise<Seen> {
  await using subject = await openSubject();
  await ask(subject.port);
  const cpuMs = subject.cpuMs();
  const begun = subject.application.had;
  const socket = await openSocket(subject.port);
  socket.write(preface);
  const steps = flood.frames / flood.perStep;
  const pieces = steps / PIECE_FRAMES;
  const written = await pour(socket, pieces, (piece) =>
    concat(...Array.from({ length: PIECE_FRAMES }, (_, k) => flood.make(piece * PIECE_FRAMES + k))),
  );
  const left = await untilClosed([socket], 5000);
  return await judge(subject, { left, written: written * PIECE_FRAMES * flood.perStep, begun, cpuMs });
}

async function judge(
  subject: Subject,
  { left, written, begun, cpuMs }: { left: number; written: number; begun: number; cpuMs: number },
): Promise<Seen> {
  const tookMs = subject.cpuMs() - cpuMs;
  const requests = subject.application.had - begun;
  const sentinel = await ask(subject.port);
  return {
    holds: left === 0 && sentinel.status === 200 && requests <= STREAMS_MAX * 2 && tookMs < 500,
    figures: `${left === 0 ? "ended" : "not ended"}, ${written.toLocaleString("en")} frames written by then, ${tookMs.toFixed(0)} ms of CPU, ${requests} requests begun`,
  };
}
