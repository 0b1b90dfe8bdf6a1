/** By what proxies join, as the controller's flags say it. */
import { resolve } from "node:path";
import type { ControllerOptions, UidRight } from "@regomesh/controller";
import { UsageError } from "../command.ts";
import { workloadKey } from "../units.ts";

/** A path of a Unix socket may be no longer (unix(7), sun_path). */
const SOCKET_PATH_BYTES_MAX = 107;

export function parseJoinSocket(
  path: string | undefined,
  uids: readonly string[],
  cwd: string,
): Pick<ControllerOptions, "joinSocket"> {
  if ((path === undefined) !== (uids.length === 0))
    throw new UsageError("--join-socket and --join-uid need each other: where to join, and who may");
  if (path === undefined) return {};
  const place = resolve(cwd, path);
  if (Buffer.byteLength(place) > SOCKET_PATH_BYTES_MAX)
    throw new UsageError(`--join-socket takes a path of ${SOCKET_PATH_BYTES_MAX} bytes at most`);
  return { joinSocket: { path: place, rights: uids.map(parseUid) } };
}

function parseUid(text: string): UidRight {
  const [, uid, names = ""] = /^([0-9]{1,10})=(.+)$/.exec(text) ?? [];
  const workloads = names.split(",").map((name) => workloadKey(name));
  if (uid === undefined || workloads.some((name) => !/^[^/]+\/[^/]+$/.test(name)))
    throw new UsageError(`--join-uid takes UID=WORKLOAD[,…] such as 1000=web,orders-v1, not ${text}`);
  return { uid: Number(uid), workloads };
}

export function parseJoinToken(text: string, cwd: string): ControllerOptions["joinTokens"][number] {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) throw new UsageError(`--join-token takes WORKLOAD=FILE, not ${text}`);
  return { workload: text.slice(0, at), file: resolve(cwd, text.slice(at + 1)) };
}
