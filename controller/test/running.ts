/** A controller that a test runs: what it is given unless the test says otherwise, and its HTTP API as tests ask it. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SILENT } from "@regomesh/base";
import type { StatusBody } from "../src/api/status.ts";
import type { Controller } from "../src/shell/controller.ts";
import type { ControllerOptions } from "../src/shell/controller-options.ts";
import { SYSTEM_CLOCK } from "../src/shell/system-clock.ts";

/** None, where a test forgot to open one. */
type Running = Pick<Controller, "http"> | undefined;

/** As long as a busy machine may take for what a test waits for; one that goes on waiting would be no failure, but a hang. */
const WITHIN_MS = 50_000;
const ASK_EVERY_MS = 10;

/** Reads branch `main` of FOLDER/root, and keeps what it knows in FOLDER/state. */
export function makeOptions(folder: string, more: Partial<ControllerOptions> = {}): ControllerOptions {
  return {
    state: join(folder, "state"),
    git: join(folder, "root"),
    branch: "main",
    path: "",
    allow: [],
    http: "127.0.0.1:0",
    grpc: "127.0.0.1:0",
    explainDenials: false,
    joinTokens: [],
    clock: SYSTEM_CLOCK,
    log: SILENT,
    ...more,
  };
}

export async function readStatus(running: Running): Promise<StatusBody> {
  const signal = AbortSignal.timeout(WITHIN_MS);
  return (await (await fetch(`${running?.http}/api/status`, { signal })).json()) as StatusBody;
}

/** Asks until the status is as wanted; throws with what it is instead. */
export async function untilStatus(running: Running, isTrue: (status: StatusBody) => boolean): Promise<StatusBody> {
  const deadline = AbortSignal.timeout(WITHIN_MS);
  for (;;) {
    const status = await readStatus(running);
    if (isTrue(status)) return status;
    if (deadline.aborted) {
      const { revision, pin, sources, troubles } = status;
      const seen = JSON.stringify({ revision: revision?.name, pin, sources, troubles });
      throw new Error(`not within ${WITHIN_MS} ms; at the end there is ${seen}`);
    }
    await new Promise((next) => setTimeout(next, ASK_EVERY_MS));
  }
}

/** As an operator, with the token that the state folder of `makeOptions(folder)` holds. */
export async function post(running: Running, folder: string, path: string, body?: unknown): Promise<Response> {
  const authorization = `Bearer ${readFileSync(join(folder, "state/api-token"), "utf8").trim()}`;
  return await fetch(`${running?.http}${path}`, {
    method: "POST",
    headers: { authorization, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
