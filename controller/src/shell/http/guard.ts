/** Who may ask: names of this machine alone (a page elsewhere must not reach us by a name of its own), and changes only with the token. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Log } from "@regomesh/base";
import { type Lease, readText, writeText } from "../../store/store.ts";
import { tellLost } from "../store/read-kept.ts";

const TOKEN_BYTES = 32;
const KEY = "api-token";
const LOST = "the token of before: whoever has a copy takes the one that stands there now";

/** The token for requests that change something; kept, for the owner's eyes. Throws StoreError. */
export async function openApiToken(lease: Lease, log: Log): Promise<string> {
  const kept = (await readText(lease, KEY))?.trim();
  if (kept !== undefined && kept.length >= TOKEN_BYTES) return kept;
  if (kept !== undefined) tellLost(log, KEY, LOST);
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  await writeText(lease, KEY, `${token}\n`);
  return token;
}

export function isAuthorized(header: string | undefined, token: string): boolean {
  const [, given] = /^Bearer (\S+)$/.exec(header ?? "") ?? [];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

/**
 * Whether an address to listen on (a host without its port) is this machine's own. Reading needs
 * no token, so that nothing else may be listened on until it does.
 */
export function isLoopback(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

/** DNS rebinding makes a browser send a foreign name to a loopback address. */
export function isLocalHost(host: string | undefined, boundHost: string): boolean {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  return ["127.0.0.1", "localhost", "[::1]", boundHost].includes(name);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
