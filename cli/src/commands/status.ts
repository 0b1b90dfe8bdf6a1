/** `regomesh status`: which revision is in force where, and what was refused. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import type { StatusBody } from "@regomesh/controller";
import { type Command, EXIT, type Io, UsageError } from "../command.ts";
import { makePaint } from "../paint.ts";
import { printStatus } from "../status-text.ts";

const TIMEOUT_MS = 5000;

const help = `
Usage: regomesh status [flags]

Shows the revision in force, each workload's proxy, and the last commit that was refused,
with the place of its fault.

  --controller URL  the controller's HTTP address (default: the one that runs with --state)
  --state DIR       the controller's state folder (default .regomesh)
  --format FORMAT   text or json (the body of GET /api/status)
  --color WHEN      auto, always or never

Example: regomesh status --format json | jq .revision.enforced

Exit codes: 0 shown, 1 no controller answers, 2 wrong flags
`;

export const status: Command = { name: "status", summary: "show which revision is in force where", help, run };

async function run(args: readonly string[], io: Io): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      controller: { type: "string" },
      state: { type: "string" },
      format: { type: "string" },
      color: { type: "string" },
    },
  });
  const { format = "text", color = "auto" } = values;
  if (format !== "text" && format !== "json") throw new UsageError(`--format takes text or json, not ${format}`);
  if (!["auto", "always", "never"].includes(color))
    throw new UsageError(`--color takes auto, always or never, not ${color}`);
  const state = resolve(io.cwd, values.state ?? ".regomesh");
  const url = values.controller ?? (await findController(state));
  if (url === undefined) {
    io.err(`regomesh status: no controller has run with ${state}; start one, or name it with --controller URL\n`);
    return EXIT.failed;
  }
  if (!URL.canParse(url)) throw new UsageError(`--controller takes a URL such as http://127.0.0.1:15000, not ${url}`);
  let body: StatusBody;
  try {
    const response = await fetch(new URL("/api/status", url), { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (!response.ok) throw new Error(`it answered ${response.status}`);
    body = (await response.json()) as StatusBody;
  } catch (error) {
    io.err(`regomesh status: the controller at ${url} does not answer: ${reasonOf(error)}\n`);
    return EXIT.failed;
  }
  io.out(format === "json" ? `${JSON.stringify(body, undefined, 2)}\n` : printStatus(body, makePaint(io, color)));
  return EXIT.ok;
}

/** The address that a controller has left in its state folder. */
async function findController(state: string): Promise<string | undefined> {
  try {
    const { http } = JSON.parse(await readFile(join(state, "controller.json"), "utf8")) as { readonly http?: unknown };
    return typeof http === "string" ? http : undefined;
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  const { cause, message } = error as Error;
  const code = (cause as { readonly code?: string } | undefined)?.code;
  if (code === "ECONNREFUSED") return "nothing listens there";
  return code ?? message;
}
