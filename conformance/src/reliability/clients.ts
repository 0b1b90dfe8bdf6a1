/** Clients that mean no good, and the sentinel: a request of an honest one, on a connection of its own, timed. */
import { connect, type Socket } from "node:net";

/** A connection that is open; what comes on it is thrown away unless `hear` takes it. */
export function openSocket(port: number, hear: (chunk: Buffer) => void = () => {}): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("data", hear);
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
    // What is refused to a client that means no good is no fault of the run.
    socket.on("error", () => {});
  });
}

/** So many at once: more than a listener lets wait is not the point here. */
const AT_ONCE = 100;

export async function openMany(port: number, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = [];
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, () => openSocket(port));
    sockets.push(...(await Promise.all(some)));
  }
  return sockets;
}

export type Answer = { readonly status: number; readonly ms: number };

/** One request, and how long its answer took; status 0 where there was none. */
export async function ask(
  port: number,
  text = "GET / HTTP/1.1\r\nHost: web\r\nConnection: close\r\n\r\n",
): Promise<Answer> {
  const beganMs = performance.now();
  return await new Promise((resolve) => {
    let heard = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(text));
    socket.on("data", (chunk) => {
      heard += chunk.toString("latin1");
    });
    socket.on("error", () => {});
    socket.once("close", () => {
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? 0);
      resolve({ status, ms: performance.now() - beganMs });
    });
  });
}

/** Until all are closed, or the time is over; how many are still open. */
export async function untilClosed(sockets: readonly Socket[], withinMs: number): Promise<number> {
  const open = () => sockets.filter((socket) => !socket.closed);
  const untilMs = performance.now() + withinMs;
  while (open().length > 0 && performance.now() < untilMs) await new Promise((next) => setTimeout(next, 50));
  return open().length;
}

export function destroyAll(sockets: readonly Socket[]): void {
  for (const socket of sockets) socket.destroy();
}

export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** Writes as fast as the other end takes it, until `count` pieces are written or the connection ends; how many were. */
export async function pour(socket: Socket, count: number, piece: (at: number) => Uint8Array): Promise<number> {
  for (let at = 0; at < count; at++) {
    if (socket.destroyed || !socket.writable) return at;
    if (socket.write(piece(at))) continue;
    await new Promise<void>((next) => {
      const go = (): void => {
        socket.off("drain", go);
        socket.off("close", go);
        next();
      };
      socket.once("drain", go);
      socket.once("close", go);
    });
  }
  return count;
}
