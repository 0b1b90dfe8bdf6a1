/**
 * Joins proxies of this host by whose process asks: a Unix socket on which a proxy names its
 * workload in a line, and is given a join token for it, once, if the operator lets that user be it.
 */
import { lstat, rm, stat } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import type { Log } from "@regomesh/base";
import type { Attestor } from "./attestor.ts";
import { openPeerUid } from "./peer-uid.ts";

/** A user of this host, and the workloads, `namespace/name`, that it may be. */
export type UidRight = { readonly uid: number; readonly workloads: readonly string[] };

export type UnixOptions = {
  readonly path: string;
  readonly rights: readonly UidRight[];
  readonly attestor: Pick<Attestor, "createToken">;
  readonly log: Log;
};

/** It is asked for and used at once. */
const TTL_MS = 60_000;
const LINE_BYTES_MAX = 1024;
const LINE_MS = 2000;
const CONNECTIONS_MAX = 64;
/** Whoever may connect could hold them all: of one user, so many. */
const CONNECTIONS_OF_USER_MAX = 16;
/** The kernel says who it is; who may connect need not be kept from it: 0666. */
const UMASK = 0o111;

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
  const held = new Map<number | undefined, number>();
  const server = createServer((socket) => {
    socket.on("error", () => {});
    const uid = readUid(socket);
    const count = held.get(uid) ?? 0;
    if (count >= CONNECTIONS_OF_USER_MAX) return void socket.destroy();
    held.set(uid, count + 1);
    // All of it in so long, however often something comes.
    const late = setTimeout(() => socket.destroy(), LINE_MS);
    socket.once("close", () => {
      clearTimeout(late);
      const left = (held.get(uid) ?? 1) - 1;
      if (left > 0) held.set(uid, left);
      else held.delete(uid);
    });
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
  await makeRoom(path).catch((error: Error) => {
    throw new Error(`the socket ${path} cannot be made: ${error.message}`);
  });
  await listen(server, path);
  return () => new Promise((done) => server.close(() => done()));
}

/** Takes away what a controller that was killed left; the state folder's lease says that it is ours. Throws a reason. */
async function makeRoom(path: string): Promise<void> {
  const folder = dirname(path);
  const { mode } = await stat(folder);
  // Who puts another in its place is taken for the controller by every proxy that joins.
  if ((mode & 0o1002) === 0o002) throw new Error(`everybody may replace what is in ${folder}`);
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error("something else than a socket is there");
  await rm(path, { force: true });
}

/** By the umask it has its mode from its first moment: a chmod would follow whatever came in its place. */
async function listen(server: Server, path: string): Promise<void> {
  await new Promise<void>((done, fail) => {
    server.once("error", (error) => fail(new Error(`the socket ${path} cannot be made: ${error.message}`)));
    const before = process.umask(UMASK);
    try {
      server.listen(path, done);
    } finally {
      process.umask(before);
    }
  });
}

function parseLine(line: string): string | undefined {
  try {
    const { workload } = JSON.parse(line) as { readonly workload?: unknown };
    return typeof workload === "string" ? workload : undefined;
  } catch {
    return undefined;
  }
}
