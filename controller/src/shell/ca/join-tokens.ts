/**
 * Join tokens: how a proxy proves the first time which workload it is. A token is bound to one
 * SPIFFE ID, to one workload of that identity and, once used, to one public key, so that a lost answer can be asked for
 * again but nobody else can use what was overheard. Only hashes are kept.
 */
import { createHash, randomBytes } from "node:crypto";
import { change, type Lease } from "../../store/store.ts";

const TOKEN_BYTES = 32;
/** Long enough for a machine to come up, short for a secret in a file. */
export const TOKEN_TTL_MS = 3_600_000;
const TOKENS_MAX = 10_000;

type Entry = {
  readonly hash: string;
  readonly spiffeId: string;
  /** `namespace/name`; absent in tokens of an earlier version, which are of any workload of the identity. */
  readonly workload?: string;
  readonly expiresAtMs: number;
  /** sha256 of the public key that used it. */
  readonly keyHash?: string;
};

export type Joining = { readonly spiffeId: string; readonly workload?: string };
export type Redeemed = Joining | { readonly fault: string };

const KEY = "ca/join-tokens.json";

export class JoinTokens {
  readonly #lease: Lease;

  constructor(lease: Lease) {
    this.#lease = lease;
  }

  /** A new token for a workload, `namespace/name`, and its SPIFFE ID. Throws StoreError. */
  async create(spiffeId: string, workload: string, nowMs: number): Promise<string> {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    await this.#change((entries) => {
      const living = entries.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
      return [...living, { hash: sha256(token), spiffeId, workload, expiresAtMs: nowMs + TOKEN_TTL_MS }].slice(
        -TOKENS_MAX,
      );
    });
    return token;
  }

  /** Whom a token makes, from now on for this public key alone. Throws StoreError where that cannot be kept. */
  async redeem(token: string, publicKey: Uint8Array, nowMs: number): Promise<Redeemed> {
    const hash = sha256(token);
    const keyHash = sha256(publicKey);
    let redeemed: Redeemed = { fault: "the join token is unknown" };
    await this.#change((entries) => {
      const entry = entries.find((candidate) => candidate.hash === hash);
      redeemed = redeem(entry, keyHash, nowMs);
      if (entry === undefined || entry.keyHash !== undefined || "fault" in redeemed) return undefined;
      return entries.map((each) => (each === entry ? { ...entry, keyHash } : each));
    });
    return redeemed;
  }

  async #change(edit: (entries: readonly Entry[]) => readonly Entry[] | undefined): Promise<void> {
    await change(this.#lease, KEY, (value) => {
      const entries = edit(parseEntries(value));
      return entries === undefined ? undefined : new TextEncoder().encode(`${JSON.stringify(entries)}\n`);
    });
  }
}

function redeem(entry: Entry | undefined, keyHash: string, nowMs: number): Redeemed {
  if (entry === undefined) return { fault: "the join token is unknown" };
  if (entry.expiresAtMs <= nowMs) return { fault: "the join token has expired" };
  if (entry.keyHash !== undefined && entry.keyHash !== keyHash)
    return { fault: "the join token was used by another key" };
  const { spiffeId, workload } = entry;
  return workload === undefined ? { spiffeId } : { spiffeId, workload };
}

function parseEntries(value: Uint8Array | undefined): readonly Entry[] {
  if (value === undefined) return [];
  try {
    const entries: unknown = JSON.parse(new TextDecoder().decode(value));
    return Array.isArray(entries) ? (entries as readonly Entry[]) : [];
  } catch {
    return []; // tokens are remade at the next start; none is better than a wrong one
  }
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
