/** Group H: a proxy that ends, runs out of descriptors, or is busy beyond what it can do. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runWrk } from "../bench/load/wrk.ts";
import { findTools } from "../bench/peers/tools.ts";
import type { Check } from "./check.ts";
import { ask, destroyAll, openMany, quantile } from "./clients.ts";
import { openSubject } from "./subject.ts";

const ROUNDS = 10;
const CLIENTS = 16;
const DESCRIPTORS = 128;
const OVERLOAD_ROUNDS = 3;
type Load = Awaited<ReturnType<typeof runWrk>>;

export const LIFECYCLE_CHECKS: readonly Check[] = [
  {
    id: "H1",
    what: `SIGTERM under ${CLIENTS} clients that keep their connections and go on with the next proxy, ${ROUNDS} times`,
    bound: "no request fails",
    run: async () => {
      let [asked, failed] = [0, 0];
      let subject = await openSubject();
      const target = { port: subject.port, isOver: false };
      const clients = Array.from({ length: CLIENTS }, () =>
        keepAsking(target, (status) => {
          asked++;
          if (status !== 200) failed++;
        }),
      );
      for (let round = 0; round < ROUNDS; round++) {
        const next = await openSubject();
        target.port = next.port;
        process.kill(subject.proxy.pid, "SIGTERM");
        await subject.proxy.exited;
        await subject[Symbol.asyncDispose]();
        subject = next;
      }
      target.isOver = true;
      await Promise.all(clients);
      await subject[Symbol.asyncDispose]();
      return { holds: failed === 0 && asked > 0, figures: `${asked.toLocaleString("en")} requests, ${failed} failed` };
    },
  },
  {
    id: "H4",
    what: `a proxy that may have ${DESCRIPTORS} descriptors, and 400 clients`,
    bound: "below half a second of CPU in 3 s; it serves again once they are gone",
    run: async () => {
      await using subject = await openSubject([], ["prlimit", `--nofile=${DESCRIPTORS}`]);
      const sockets = await openMany(subject.port, 400);
      const cpuMs = subject.cpuMs();
      await new Promise((next) => setTimeout(next, 3000));
      const busyMs = subject.cpuMs() - cpuMs;
      destroyAll(sockets);
      let sentinel = await ask(subject.port);
      for (let tries = 0; tries < 50 && sentinel.status !== 200; tries++) sentinel = await ask(subject.port);
      return {
        holds: busyMs < 500 && sentinel.status === 200,
        figures: `${busyMs.toFixed(0)} ms of CPU in 3 s, then ${sentinel.status}`,
      };
    },
  },
  {
    id: "I5",
    what: "wrk with 1,600 connections beside wrk with 32, in turn, three times",
    bound: "at least 0.7 of the requests a second (median), no error",
    run: async () => {
      const { tools } = findTools([]);
      if (tools === undefined)
        return { holds: false, figures: "not run: wrk, nginx, h2load, taskset or openssl is missing" };
      await using subject = await openSubject();
      const folder = mkdtempSync(join(tmpdir(), "regomesh-overload-"));
      const load = {
        client: "http1",
        folder,
        core: 1,
        port: subject.port,
        target: "/",
        host: "web",
        seconds: 10,
      } as const;
      try {
        await runWrk(tools, load);
        const rounds: { readonly few: Load; readonly many: Load }[] = [];
        for (let round = 0; round < OVERLOAD_ROUNDS; round++) {
          const few = await runWrk(tools, load);
          rounds.push({ few, many: await runWrk(tools, { ...load, connections: 1600 }) });
        }
        const shares = rounds.map(({ few, many }) => many.requestsPerSecond / few.requestsPerSecond);
        const share = quantile(shares, 0.5);
        const errors = rounds.reduce((sum, { many }) => sum + many.errors, 0);
        const p99 = (of: "few" | "many") =>
          inMs(
            quantile(
              rounds.map((round) => round[of].p99Us),
              0.5,
            ),
          );
        return {
          holds: share >= 0.7 && errors === 0,
          figures:
            `${share.toFixed(2)} of the requests a second (${shares.map((each) => each.toFixed(2)).join(", ")}), ` +
            `${errors} errors; p99 ${p99("few")} and ${p99("many")}`,
        };
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
  {
    id: "I4",
    what: "CPU of a request with an access log beside none, 20,000 requests each, three times",
    bound: "below 10 µs",
    run: async () => {
      const folder = mkdtempSync(join(tmpdir(), "regomesh-log-"));
      try {
        await using bare = await openSubject();
        await using logging = await openSubject(["--access-log", join(folder, "access.log")]);
        const differences: number[] = [];
        for (let round = 0; round < 4; round++) {
          const [without, withLog] = [await cpuUsOfRequest(bare), await cpuUsOfRequest(logging)];
          // The first one is for the engine to warm up.
          if (round > 0) differences.push(withLog - without);
        }
        const median = quantile(differences, 0.5);
        return { holds: median < 10, figures: `${median.toFixed(1)} µs more (median)` };
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },
];

function inMs(us: number): string {
  return `${(us / 1000).toFixed(0)} ms`;
}

const REQUEST = "GET / HTTP/1.1\r\nHost: web\r\n\r\n";

/** Asks one request after the other until it is over; a connection that says that it ends is left for one to the target's port. */
async function keepAsking(
  target: { readonly port: number; readonly isOver: boolean },
  tell: (status: number) => void,
): Promise<void> {
  while (!target.isOver) {
    const socket = connect(target.port, "127.0.0.1");
    const hasCome = await new Promise<boolean>((done) => {
      socket.once("connect", () => done(true));
      socket.once("error", () => done(false));
    });
    socket.on("error", () => {});
    // Refused at the door: the next is the port's that is meant now.
    if (!hasCome) continue;
    while (!target.isOver && !socket.readableEnded && !socket.destroyed) {
      const { status, ends } = await askOn(socket);
      tell(status);
      if (ends) break;
    }
    socket.destroy();
  }
}

function askOn(socket: Socket): Promise<{ readonly status: number; readonly ends: boolean }> {
  return new Promise((resolve) => {
    let heard = "";
    const done = (): void => {
      socket.off("data", hear).off("close", done).off("end", done);
      const status = heard.endsWith("whole") ? Number(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? 0) : 0;
      resolve({ status, ends: status === 0 || /\r\nconnection: close\r\n/i.test(heard) });
    };
    const hear = (chunk: Buffer): void => {
      heard += chunk.toString("latin1");
      if (heard.endsWith("whole")) done();
    };
    socket.on("data", hear).once("close", done).once("end", done);
    socket.write(REQUEST);
  });
}

/** Of 20,000 requests over 32 connections. */
async function cpuUsOfRequest(subject: { readonly port: number; cpuMs(): number }): Promise<number> {
  const count = 20_000;
  let left = count;
  const sockets = await openMany(subject.port, 32);
  const beforeMs = subject.cpuMs();
  await Promise.all(
    sockets.map(async (socket) => {
      while (left-- > 0) await askOn(socket);
    }),
  );
  const tookMs = subject.cpuMs() - beforeMs;
  destroyAll(sockets);
  return (tookMs * 1000) / count;
}
