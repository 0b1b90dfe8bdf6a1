/** The TCP sockets of a process, as the kernel has them (Linux: /proc). */
import { readdir, readFile, readlink } from "node:fs/promises";

export type Socket = { readonly localPort: number; readonly remotePort: number; readonly state: SocketState };
export type SocketState = "established" | "half-closed" | "listening" | "opening";

/** Numbers of include/net/tcp_states.h; what is left out belongs to no process any more (TIME_WAIT). */
const STATES: Readonly<Record<string, SocketState>> = {
  "01": "established",
  "02": "opening",
  "03": "opening",
  "04": "half-closed",
  "05": "half-closed",
  "08": "half-closed",
  "09": "half-closed",
  "0A": "listening",
  "0B": "half-closed",
};

/** Every TCP socket that the process holds; none where it has ended. */
export async function socketsOf(pid: number): Promise<readonly Socket[]> {
  const held = await inodesOf(pid);
  const tables = await Promise.all(["tcp", "tcp6"].map((name) => readFile(`/proc/net/${name}`, "utf8")));
  return tables.flatMap((table) =>
    table
      .trim()
      .split("\n")
      .slice(1)
      .flatMap((line) => parseLine(line, held)),
  );
}

function parseLine(line: string, held: ReadonlySet<string>): readonly Socket[] {
  const [, local = "", remote = "", code = "", , , , , , inode = ""] = line.trim().split(/\s+/);
  const state = STATES[code];
  if (state === undefined || !held.has(inode)) return [];
  return [{ localPort: portOf(local), remotePort: portOf(remote), state }];
}

async function inodesOf(pid: number): Promise<ReadonlySet<string>> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => "")));
  return new Set(targets.flatMap((target) => /^socket:\[(\d+)\]$/.exec(target)?.[1] ?? []));
}

/** `0100007F:1F90` */
function portOf(address: string): number {
  return Number.parseInt(address.slice(address.lastIndexOf(":") + 1), 16);
}
