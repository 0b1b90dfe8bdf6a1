/**
 * What contenders hold while nothing is asked: memory that is a process's own (private and dirty:
 * what one more on a machine costs), and what each of a thousand idle connections adds.
 */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { connect as connectTls } from "node:tls";
import { privateKibibytes } from "../peers/cpu-time.ts";
import type { TlsFiles } from "../peers/hop.ts";
import { makeInstalled } from "../peers/installed.ts";
import type { Tools } from "../peers/tools.ts";
import { openChain } from "./chain.ts";
import { openHop } from "./hop.ts";
import { commitNow, onStage } from "./measure-sets.ts";
import type { Contender } from "./scene.ts";

export type IdleRow = { readonly name: string; readonly privateMiB: number; readonly connectionKiB: number };
export type IdleResult = { readonly title: string; readonly commit: string; readonly rows: readonly IdleRow[] };

const CONNECTIONS = 1000;
/** As many as a listener lets wait. */
const AT_ONCE = 50;
/** Until a process that has just started, or was just connected to, has done what it does. */
const SETTLE_MS = 3000;

export async function measureIdle(tools: Tools): Promise<readonly IdleResult[]> {
  const shape = { client: "http1", upstream: "http1", workers: 1 } as const;
  return await onStage(tools, async (stage) => {
    const installed = makeInstalled(stage.folder);
    const hop = await openHop(stage, shape, installed);
    const chain = await openChain(stage, shape, installed);
    return [
      await lookAtAll("plaintext", hop),
      await lookAtAll(
        "mutual TLS, the receiver's side",
        chain.flatMap(({ receiver }) => receiver ?? []),
      ),
    ];
  });
}

async function lookAtAll(title: string, contenders: readonly Contender[]): Promise<IdleResult> {
  await wait(SETTLE_MS);
  const rows: IdleRow[] = [];
  for (const contender of contenders) rows.push(await lookAt(contender));
  return { title: `Idle, ${title}: ${CONNECTIONS.toLocaleString("en")} connections`, commit: commitNow(), rows };
}

async function lookAt({ name, pids, port, tls }: Contender): Promise<IdleRow> {
  const before = privateKibibytes(pids);
  const sockets: Socket[] = [];
  try {
    while (sockets.length < CONNECTIONS) {
      const some = Array.from({ length: AT_ONCE }, () => openConnection(port, tls));
      sockets.push(...(await Promise.all(some)));
    }
    await wait(SETTLE_MS);
    const connectionKiB = (privateKibibytes(pids) - before) / CONNECTIONS;
    return { name, privateMiB: before / 1024, connectionKiB };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

function openConnection(port: number, tls: TlsFiles | undefined): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = tls === undefined ? connect(port, "127.0.0.1") : openTls(port, tls);
    socket.once(tls === undefined ? "connect" : "secureConnect", () => resolve(socket));
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`port ${port} closes idle connections at once`)));
  });
}

function openTls(port: number, { certificate, key, authority }: TlsFiles): Socket {
  const [cert, secret, ca] = [certificate, key, authority].map((path) => readFileSync(path));
  const checked = { cert, key: secret, ca, minVersion: "TLSv1.3", checkServerIdentity: () => undefined } as const;
  return connectTls({ port, host: "127.0.0.1", ALPNProtocols: ["h2", "http/1.1"], ...checked });
}

export function printIdle({ title, rows }: IdleResult): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(
    ({ name, privateMiB, connectionKiB }) =>
      `${name.padEnd(width)}  ${privateMiB.toFixed(1).padStart(6)} MiB  ${connectionKiB.toFixed(1).padStart(6)} KiB a connection`,
  );
  return [title, ...lines].join("\n");
}
