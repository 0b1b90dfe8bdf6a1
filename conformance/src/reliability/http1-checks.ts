/** Group A: clients of HTTP/1.1 that break it, stall, or take nothing. */
import type { Socket } from "node:net";
import type { Check } from "./check.ts";
import { ask, destroyAll, openMany, openSocket, quantile, untilClosed } from "./clients.ts";
import { openSubject } from "./subject.ts";

const HEAD_MS = 10_000;
const SENTINELS = 50;

export const HTTP1_CHECKS: readonly Check[] = [
  {
    id: "A6",
    what: "64 chunked bodies that break off in a malformed chunk, then an honest request",
    bound: "it is answered; no connection to the application is left behind",
    async run() {
      await using subject = await openSubject();
      const statuses = await Promise.all(
        Array.from({ length: 64 }, () =>
          ask(subject.port, "POST / HTTP/1.1\r\nHost: web\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nxyz\r\n"),
        ),
      );
      const sentinel = await ask(subject.port);
      const refused = statuses.filter(({ status }) => status === 400).length;
      const { underWay } = subject.application;
      return {
        holds: sentinel.status === 200 && refused === 64 && underWay === 0,
        figures: `${refused} answered 400, the request after them ${sentinel.status} in ${sentinel.ms.toFixed(0)} ms, ${underWay} left at the application`,
      };
    },
  },
  {
    id: "A7",
    what: "a head of 128 KiB, 1,000 fields, a target of 32 KiB",
    bound: "431, 431, 414, each within a second",
    async run() {
      await using subject = await openSubject();
      const filler = "x".repeat(1000);
      const asked = [
        `GET / HTTP/1.1\r\nHost: web\r\n${`a: ${filler}\r\n`.repeat(128)}\r\n`,
        `GET / HTTP/1.1\r\nHost: web\r\n${"a: b\r\n".repeat(1000)}\r\n`,
        `GET /${"x".repeat(32 * 1024)} HTTP/1.1\r\nHost: web\r\n\r\n`,
      ];
      const answers = [];
      for (const text of asked) answers.push(await ask(subject.port, text));
      const { had } = subject.application;
      const statuses = answers.map(({ status }) => status).join(", ");
      return {
        holds: statuses === "431, 431, 414" && answers.every(({ ms }) => ms < 1000 + LINGER_MS) && had === 0,
        figures: `${statuses} in ${answers.map(({ ms }) => ms.toFixed(0)).join(", ")} ms, ${had} seen by the application`,
      };
    },
  },
  {
    id: "A8 heads",
    what: `3,000 connections that hold half a head, then ${SENTINELS} honest requests`,
    bound: `all answered; every held one closed by ${HEAD_MS / 1000} s and 1 s more`,
    async run() {
      await using subject = await openSubject();
      const beforeKiB = subject.privateKiB();
      const held = await openMany(subject.port, 3000);
      for (const socket of held) socket.write("GET / HTTP/1.1\r\nHost: web\r\nX-Slow: ");
      const beganMs = performance.now();
      const answers = [];
      for (let at = 0; at < SENTINELS; at++) answers.push(await ask(subject.port));
      const eachKiB = (subject.privateKiB() - beforeKiB) / held.length;
      const times = answers.map(({ ms }) => ms);
      const left = await untilClosed(held, HEAD_MS + 1000 + SLACK_MS);
      const tookMs = performance.now() - beganMs;
      destroyAll(held);
      return {
        holds: answers.every(({ status }) => status === 200) && left === 0,
        figures: `honest p50 ${quantile(times, 0.5).toFixed(1)}, p99 ${quantile(times, 0.99).toFixed(1)} ms; all closed after ${(tookMs / 1000).toFixed(1)} s, ${left} left; ${eachKiB.toFixed(1)} KiB each`,
      };
    },
  },
  {
    id: "A8 reads",
    what: "200 clients that ask for 16 MiB on one connection and take nothing",
    bound: "below 512 KiB each; others are answered",
    async run() {
      await using subject = await openSubject();
      await ask(subject.port);
      const beforeKiB = subject.privateKiB();
      const sockets = await openMany(subject.port, 200);
      // They are accepted by then: who comes behind 200 others waits for them in any case.
      await Promise.all(sockets.map(hearOne));
      for (const socket of sockets) {
        socket.pause();
        socket.write("GET /large HTTP/1.1\r\nHost: web\r\n\r\n".repeat(16));
      }
      const answers = [];
      for (let at = 0; at < SENTINELS; at++) answers.push(await ask(subject.port));
      const eachKiB = (subject.privateKiB() - beforeKiB) / sockets.length;
      destroyAll(sockets);
      return {
        holds: eachKiB < 512 && answers.every(({ status }) => status === 200),
        figures: `${eachKiB.toFixed(0)} KiB each; honest p99 ${quantile(
          answers.map(({ ms }) => ms),
          0.99,
        ).toFixed(0)} ms`,
      };
    },
  },
  {
    id: "A8 bodies",
    what: "500 uploads of 1 GB that come a byte every 200 ms (RUDY)",
    bound: "below 256 KiB each; others are answered",
    async run() {
      await using subject = await openSubject();
      await ask(subject.port);
      const beforeKiB = subject.privateKiB();
      const sockets = await openMany(subject.port, 500);
      for (const socket of sockets) socket.write("POST / HTTP/1.1\r\nHost: web\r\nContent-Length: 1000000000\r\n\r\n");
      const drip = setInterval(() => sockets.forEach((socket) => void socket.write("x")), 200);
      const answers = [];
      for (let at = 0; at < SENTINELS; at++) answers.push(await ask(subject.port));
      clearInterval(drip);
      const eachKiB = (subject.privateKiB() - beforeKiB) / sockets.length;
      destroyAll(sockets);
      return {
        holds: eachKiB < 256 && answers.every(({ status }) => status === 200),
        figures: `${eachKiB.toFixed(1)} KiB each; honest p99 ${quantile(
          answers.map(({ ms }) => ms),
          0.99,
        ).toFixed(0)} ms`,
      };
    },
  },
  {
    id: "A10",
    what: "a request, and garbage behind it in the same packet",
    bound: "the request is answered whole before the refusal",
    async run() {
      await using subject = await openSubject();
      let heard = "";
      const socket = await openSocket(subject.port, (chunk) => {
        heard += chunk.toString("latin1");
      });
      socket.write("GET / HTTP/1.1\r\nHost: web\r\n\r\n\0garbage\r\n\r\n");
      await untilClosed([socket], 5000);
      socket.destroy();
      const statuses = [...heard.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status).join(", ");
      return { holds: statuses === "200, 400" && heard.includes("whole"), figures: statuses };
    },
  },
];

/** A small request on a connection that is open, and its answer. */
async function hearOne(socket: Socket): Promise<void> {
  socket.write("GET / HTTP/1.1\r\nHost: web\r\n\r\n");
  await new Promise((done) => socket.once("data", done));
}

/** After a refusal the client is still read for a while, so that it hears it. */
const LINGER_MS = 1000;
/** For a machine that has other things to do. */
const SLACK_MS = 5000;
