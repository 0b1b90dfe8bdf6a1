/** Who may ask: names of this machine alone (a page elsewhere must not reach us by a name of its own), and changes only with the token. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { join } from "node:path";
import { readIfThere, SECRET, writeWhole } from "../files.ts";

const TOKEN_BYTES = 32;

/** The token for requests that change something; kept in the state folder, for the owner's eyes. */
export function openApiToken(stateFolder: string): string {
  const file = join(stateFolder, "api-token");
  const kept = readIfThere(file)?.trim();
  if (kept !== undefined && kept.length >= TOKEN_BYTES) return kept;
  const token = randomBytes(TOKEN_BYTES).toString("base64url");
  writeWhole(file, `${token}\n`, SECRET);
  return token;
}

export function isAuthorized(header: string | undefined, token: string): boolean {
  const [, given] = /^Bearer (\S+)$/.exec(header ?? "") ?? [];
  return given !== undefined && timingSafeEqual(digest(given), digest(token));
}

/** DNS rebinding makes a browser send a foreign name to a loopback address. */
export function isLocalHost(host: string | undefined, boundHost: string): boolean {
  const name = (host ?? "").replace(/:\d+$/, "").toLowerCase();
  return ["127.0.0.1", "localhost", "[::1]", boundHost].includes(name);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
