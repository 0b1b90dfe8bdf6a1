/** Where the controller is: as `--controller` says, or as it has left word in the folder that `--state` names. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { type Io, UsageError } from "./command.ts";

export const STATE_DEFAULT = ".regomesh";

export type Found = { readonly url: string } | { readonly fault: string };

/** The controller's HTTP address. Throws UsageError where `--controller` is none. */
export async function findController(
  flags: { readonly controller?: string | undefined; readonly state?: string | undefined },
  { cwd, env }: Pick<Io, "cwd" | "env">,
): Promise<Found> {
  const { controller } = flags;
  if (controller !== undefined) return { url: parseUrl(controller) };
  const state = resolve(cwd, flags.state ?? STATE_DEFAULT);
  const url = await readAddress(state);
  if (url !== undefined) return { url };
  if (env(PLUGIN) !== undefined) return { fault: OF_A_CLUSTER };
  return { fault: `no controller has run with ${state}; start one, or name it with --controller URL` };
}

/** Set by bin/kubectl-regomesh. */
export const PLUGIN = "REGOMESH_KUBECTL_PLUGIN";

const OF_A_CLUSTER =
  "a controller is asked, whose API is its Pod's loopback: kubectl -n regomesh-system port-forward to the one that leads, then --controller URL, and its api-token in --state DIR; what the API server knows say kubectl get mesh -A and kubectl regomesh status";

/** `HOST:PORT` is an address, too. */
function parseUrl(text: string): string {
  const url = /^https?:\/\//.test(text) ? text : `http://${text}`;
  if (URL.canParse(url) && new URL(url).hostname !== "") return url;
  throw new UsageError(`--controller takes a URL such as http://127.0.0.1:15000, not ${text}`);
}

async function readAddress(state: string): Promise<string | undefined> {
  try {
    const { http } = JSON.parse(await readFile(join(state, "controller.json"), "utf8")) as { readonly http?: unknown };
    return typeof http === "string" ? http : undefined;
  } catch {
    return undefined;
  }
}
