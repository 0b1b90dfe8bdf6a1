/**
 * Joins proxies of this host by whose process asks: a Unix socket on which a proxy names its
 * workload in a line, and is given a join token for it, once, if the operator lets that user be it.
 */
import { chmod, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import type { Log } from "@regomesh/base";
import type { Attestor } from "./attestor.ts";
import { openPeerUid } from "./peer-uid.ts";

/** A user of this host, and the workloads, `namespace/name`, that it may be. */
export type UidRight = { readonly uid: number; readonly workloads: readonly string[] };

export type UnixOptions = {
  readonly path: string;
  readonly rights: readonly UidRight[];
  readonly attestor: Attestor;
  readonly log: Log;
};

/** It is asked for and used at once. */
const TTL_MS = 60_000;
const LINE_BYTES_MAX = 1024;
const LINE_MS = 2000;
/** Whoever may connect could hold them all. */
const CONNECTIONS_MAX = 64;
/** The kernel says who it is; who may connect need not be kept from it. */
const MODE = 0o666;

/** Throws one sentence where it cannot be told who connects, or the socket cannot be made; gives what closes it. */
export async function serveUnix({ path, rights, attestor, log }: UnixOptions): Promise<() => Promise<void>> {
  const readUid = await openPeerUid();
  if (readUid === undefined)
    throw new Error("this Node cannot tell who is at a Unix socket: --join-socket needs Node 26 or newer, on Linux");
  const answer = async (socket: Socket, line: string): Promise<object> => {
    const workload = parseLine(line);
    if (workload === undefined) return { error: 'the line is {"workload": "NAMESPACE/NAME"}' };
    const uid = readUid(socket);
    const isAllowed = rights.some((right) => right.uid === uid && right.workloads.includes(workload));
    if (!isAllowed) {
      log.log("warn", "a user of this host was not let in", { uid, workload });
      return { error: `user ${uid ?? "unknown"} may not be workload ${workload}: --join-uid says who may` };
    }
    const made = await attestor.createToken({ workload, ttlMs: TTL_MS, uses: 1, isBrief: true });
    return typeof made === "string" ? { error: made } : made.file;
  };
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.setTimeout(LINE_MS, () => socket.destroy());
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk.toString("latin1");
      const end = text.indexOf("\n");
      if (end < 0 && text.length <= LINE_BYTES_MAX) return;
      socket.removeAllListeners("data");
      answer(socket, text.slice(0, Math.max(0, end))).then(
        (reply) => socket.end(`${JSON.stringify(reply)}\n`),
        (error: Error) => socket.end(`${JSON.stringify({ error: error.message })}\n`),
      );
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  await rm(path, { force: true }); // of a controller that was killed: the state folder's lease says that it is ours
  await new Promise<void>((done, fail) => {
    server.once("error", (error) => fail(new Error(`the socket ${path} cannot be made: ${error.message}`)));
    server.listen(path, done);
  });
  await chmod(path, MODE);
  return () => new Promise((done) => server.close(() => done()));
}

function parseLine(line: string): string | undefined {
  try {
    const { workload } = JSON.parse(line) as { readonly workload?: unknown };
    return typeof workload === "string" ? workload : undefined;
  } catch {
    return undefined;
  }
}
