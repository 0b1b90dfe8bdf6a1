/**
 * The controller's API as commands ask it: at the address that `--controller` or the state folder
 * gives, with the token that lies in the state folder for whoever may read it.
 */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Io } from "./command.ts";
import { findController, STATE_DEFAULT } from "./find-controller.ts";

/** An explanation may start a process, and ask git of many lines. */
const TIMEOUT_MS = 20_000;

export const clientFlags = { controller: { type: "string" }, state: { type: "string" } } as const;

/** Lines of a command's help; `width`: columns of its widest flag. */
export function clientHelp(width: number): string {
  return [
    ["--controller URL", "the controller's HTTP address (default: the one that runs with --state)"],
    ["--state DIR", `the controller's state folder, which holds the token (default ${STATE_DEFAULT})`],
  ]
    .map(([flag = "", meaning]) => `  ${flag.padEnd(width)}  ${meaning}`)
    .join("\n");
}

export type ClientFlags = { readonly controller?: string | undefined; readonly state?: string | undefined };

/** `status`: what the controller answered with, where it did. */
export type Answer<T> = { readonly body: T } | { readonly fault: string; readonly status?: number };

export type Client = {
  readonly url: string;
  get<T>(path: string): Promise<Answer<T>>;
  post<T>(path: string, body?: unknown): Promise<Answer<T>>;
};

/** A fault where no controller is known, or there is no token to ask with. Throws UsageError. */
export async function openClient(
  flags: ClientFlags,
  io: Pick<Io, "cwd" | "env">,
): Promise<Client | { readonly fault: string }> {
  const found = await findController(flags, io);
  if ("fault" in found) return found;
  const { url } = found;
  const file = join(resolve(io.cwd, flags.state ?? STATE_DEFAULT), "api-token");
  const token = (await readFile(file, "utf8").catch(() => undefined))?.trim();
  if (token === undefined || token === "")
    return { fault: `there is no token in ${file}; name the controller's state folder with --state` };
  const ask = async <T>(method: string, path: string, body?: unknown): Promise<Answer<T>> => {
    let response: Response;
    try {
      response = await fetch(new URL(path, url), {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch (error) {
      return { fault: `the controller at ${url} does not answer: ${reasonOf(error)}` };
    }
    const text = await response.text().catch(() => "");
    const parsed = parse(text);
    if (response.ok && parsed !== undefined) return { body: parsed as T };
    return { fault: faultOf(response.status, parsed, url), status: response.status };
  };
  return {
    url,
    get: (path) => ask("GET", path),
    post: (path, body) => ask("POST", path, body),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function faultOf(status: number, body: unknown, url: string): string {
  if (status === 401)
    return `the controller at ${url} does not take this token: --state must name its own state folder`;
  const error = (body as { readonly error?: unknown } | undefined)?.error;
  return typeof error === "string"
    ? error
    : `the controller at ${url} answers ${status}, and no word that is understood`;
}

/** Why nothing came back, in a few words. */
export function reasonOf(error: unknown): string {
  const { cause, message, name } = error as Error;
  const code = (cause as { readonly code?: string } | undefined)?.code;
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (name === "TimeoutError") return `not within ${TIMEOUT_MS / 1000} s`;
  return code ?? message;
}
