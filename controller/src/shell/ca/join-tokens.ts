/**
 * Join tokens: how a proxy proves the first time which workload it is. A token is bound to
 * one SPIFFE ID and, once used, to one public key, so that a lost answer can be asked for
 * again but nobody else can use what was overheard. Only hashes are kept.
 */
import { createHash, randomBytes } from "node:crypto";
import { readIfThere, SECRET, writeWhole } from "../files.ts";

const TOKEN_BYTES = 32;
/** Long enough for a machine to come up, short for a secret in a file. */
export const TOKEN_TTL_MS = 3_600_000;
const TOKENS_MAX = 10_000;

type Entry = {
  readonly hash: string;
  readonly spiffeId: string;
  readonly expiresAtMs: number;
  /** sha256 of the public key that used it. */
  readonly keyHash?: string;
};

export type Redeemed = { readonly spiffeId: string } | { readonly fault: string };

export class JoinTokens {
  readonly #file: string;
  #entries: readonly Entry[];

  constructor(file: string) {
    this.#file = file;
    this.#entries = parseEntries(readIfThere(file));
  }

  /** A new token for a SPIFFE ID. */
  create(spiffeId: string, nowMs: number): string {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const living = this.#entries.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
    this.#keep([...living, { hash: sha256(token), spiffeId, expiresAtMs: nowMs + TOKEN_TTL_MS }].slice(-TOKENS_MAX));
    return token;
  }

  /** The SPIFFE ID of a token, from now on for this public key alone. */
  redeem(token: string, publicKey: Uint8Array, nowMs: number): Redeemed {
    const hash = sha256(token);
    const entry = this.#entries.find((candidate) => candidate.hash === hash);
    if (entry === undefined) return { fault: "the join token is unknown" };
    if (entry.expiresAtMs <= nowMs) return { fault: "the join token has expired" };
    const keyHash = sha256(publicKey);
    if (entry.keyHash !== undefined && entry.keyHash !== keyHash) {
      return { fault: "the join token was used by another key" };
    }
    if (entry.keyHash === undefined) {
      this.#keep(this.#entries.map((each) => (each === entry ? { ...entry, keyHash } : each)));
    }
    return { spiffeId: entry.spiffeId };
  }

  #keep(entries: readonly Entry[]): void {
    this.#entries = entries;
    writeWhole(this.#file, `${JSON.stringify(entries)}\n`, SECRET);
  }
}

function parseEntries(text: string | undefined): readonly Entry[] {
  if (text === undefined) return [];
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? (value as readonly Entry[]) : [];
  } catch {
    return []; // tokens are remade at the next start; none is better than a wrong one
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
