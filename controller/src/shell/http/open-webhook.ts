/** The listener for servers of git, as the operator's flags ask for it. */
import { readFile } from "node:fs/promises";
import type { Clock, Log } from "@regomesh/base";
import { ControllerFailed } from "../controller-failed.ts";
import type { Sources } from "../sources/sources.ts";
import { serveWebhook, type Webhook } from "./webhook.ts";

/** Of GitHub's secrets the least that is no guess. */
const SECRET_LENGTH_LEAST = 16;

/** Undefined where none is asked for. Throws ControllerFailed where its secret is none, or its address cannot be listened on. */
export async function openWebhook(
  {
    webhook,
    clock,
    log,
  }: {
    readonly webhook?: { readonly address: string; readonly secretFile: string };
    readonly clock: Clock;
    readonly log: Log;
  },
  sources: Sources,
): Promise<Webhook | undefined> {
  if (webhook === undefined) return undefined;
  const { address, secretFile } = webhook;
  const secret = (
    await readFile(secretFile, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new ControllerFailed(`the secret of the webhook cannot be read: ${error.message}`);
    })
  ).trim();
  if (secret.length < SECRET_LENGTH_LEAST)
    throw new ControllerFailed(`the secret in ${secretFile} has fewer than ${SECRET_LENGTH_LEAST} characters`);
  const wake = (name: string | undefined) => {
    if (name === undefined) sources.wake();
    else sources.find(name)?.wake();
    return name === undefined || sources.find(name) !== undefined;
  };
  const opened = await serveWebhook({ address, secret, wake, clock, log });
  log.log("info", "webhooks are taken", { url: opened.url });
  return opened;
}
