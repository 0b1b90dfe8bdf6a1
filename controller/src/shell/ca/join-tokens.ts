/**
 * Join tokens: how a proxy proves the first time which workload it is. A token is bound to one
 * SPIFFE ID, to one workload of that identity and, as it is used, to so many public keys: one,
 * or one for each replica. So a lost answer can be asked for again, for a while, and nobody else can use what
 * was overheard. Only hashes are kept, and the beginning of one is the token's id.
 */
import { createHash, randomBytes } from "node:crypto";
import type { Log } from "@regomesh/base";
import { change, type Lease, StoreError } from "../../store/store.ts";
import { parseKept, readOrTell } from "../store/read-kept.ts";

const TOKEN_BYTES = 32;
/** Long enough for a machine to come up, short for a secret in a file. */
export const TOKEN_TTL_MS = 3_600_000;
/** A secret that lies about for longer is a key. */
export const TOKEN_TTL_MAX_MS = 30 * 24 * 3_600_000;
/** Replicas of one workload that one token lets in. */
export const TOKEN_USES_MAX = 64;
/** How long a key may ask again: far shorter than what was taken back is remembered. */
const AGAIN_MS = 3_600_000;
/** The file is read at each use. */
const TOKENS_MAX = 10_000;
/** Letters of an id: of so many tokens two are never alike. */
const ID_LENGTH = 12;

type Entry = {
  readonly hash: string;
  readonly spiffeId: string;
  /** `namespace/name`; absent in tokens of an earlier version, which are of any workload of the identity. */
  readonly workload?: string;
  readonly expiresAtMs: number;
  /** How many keys may use it; one where absent. */
  readonly uses?: number;
  /** sha256 of each public key that used it. */
  readonly keyHashes?: readonly string[];
  /** When each of them did, first. */
  readonly usedAtMs?: Readonly<Record<string, number>>;
  readonly isBrief?: boolean;
  /** The one of them, in tokens of an earlier version. */
  readonly keyHash?: string;
};

export type TokenOrder = {
  readonly spiffeId: string;
  /** `namespace/name` */
  readonly workload: string;
  readonly ttlMs?: number;
  readonly uses?: number;
  /** Given to whoever asks, and used at once: no more of a workload are kept than its replicas may need. */
  readonly isBrief?: boolean;
};

/** A token as operators see it: never the token itself. */
export type TokenFacts = {
  readonly id: string;
  readonly spiffeId: string;
  /** `namespace/name`; "" for any of the identity. */
  readonly workload: string;
  readonly expiresAtMs: number;
  readonly uses: number;
  readonly used: number;
};

export type Joining = { readonly spiffeId: string; readonly workload?: string };
/** `firstMs`: when the key used the token already; 0 where that is not known. */
export type Redeemed = (Joining & { readonly firstMs?: number }) | { readonly fault: string };

const KEY = "ca/join-tokens.json";
const LOST =
  "the join tokens that were given: make others with regomesh token create; whoever has joined by them stays";

export class JoinTokens {
  readonly #lease: Lease;
  readonly #tokensMax: number;

  constructor(lease: Lease, tokensMax = TOKENS_MAX) {
    this.#lease = lease;
    this.#tokensMax = tokensMax;
  }

  /** Tells where those that were given are lost. */
  static async open(lease: Lease, log: Log): Promise<JoinTokens> {
    await readOrTell(lease, KEY, isEntries, { lost: LOST, log });
    return new JoinTokens(lease);
  }

  /** A new token. Throws StoreError, also where there are too many: none that was given is dropped for it. */
  async create(
    { spiffeId, workload, ttlMs = TOKEN_TTL_MS, uses = 1, isBrief = false }: TokenOrder,
    nowMs: number,
  ): Promise<TokenFacts & { readonly token: string }> {
    const token = randomBytes(TOKEN_BYTES).toString("base64url");
    const entry: Entry = { hash: sha256(token), spiffeId, workload, expiresAtMs: nowMs + ttlMs, uses };
    const kept: Entry = isBrief ? { ...entry, isBrief } : entry;
    await this.#change((entries) => {
      const others = withoutBrief(living(entries, nowMs), kept);
      if (others.length >= this.#tokensMax)
        throw new StoreError(
          "refused",
          `there are ${this.#tokensMax} join tokens already: take some back with regomesh token revoke`,
        );
      return [...others, kept];
    });
    return { ...toFacts(entry), token };
  }

  /** Those that are good for something still, the newest last. */
  async list(nowMs: number): Promise<readonly TokenFacts[]> {
    return living(parseEntries((await this.#lease.get(KEY))?.value), nowMs).map(toFacts);
  }

  /** Takes tokens back, by their ids' beginning; what has joined by them stays. Gives those that went. Throws StoreError. */
  async revoke(idPart: string, nowMs: number): Promise<readonly TokenFacts[]> {
    let gone: readonly Entry[] = [];
    await this.#change((entries) => {
      const kept = living(entries, nowMs);
      gone = kept.filter(({ hash }) => hash.startsWith(idPart));
      return gone.length === 1 ? kept.filter((entry) => !gone.includes(entry)) : undefined;
    });
    return gone.map(toFacts);
  }

  /** Whom a token makes, from now on for this public key alone. Throws StoreError where that cannot be kept. */
  async redeem(token: string, publicKey: Uint8Array, nowMs: number): Promise<Redeemed> {
    const hash = sha256(token);
    const keyHash = sha256(publicKey);
    let redeemed: Redeemed = { fault: "the join token is unknown" };
    await this.#change((entries) => {
      const entry = entries.find((candidate) => candidate.hash === hash);
      redeemed = redeem(entry, keyHash, nowMs);
      if (entry === undefined || "fault" in redeemed || keysOf(entry).includes(keyHash)) return undefined;
      const { keyHash: _, ...rest } = entry;
      const used: Entry = {
        ...rest,
        keyHashes: [...keysOf(entry), keyHash],
        usedAtMs: { ...entry.usedAtMs, [keyHash]: nowMs },
      };
      return entries.map((each) => (each === entry ? used : each));
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
  const [keys, uses] = [keysOf(entry), entry.uses ?? 1];
  if (!keys.includes(keyHash) && keys.length >= uses)
    return { fault: `the join token was used by ${uses === 1 ? "another key" : `${uses} other keys`}` };
  const { spiffeId, workload, usedAtMs = {} } = entry;
  const joining = workload === undefined ? { spiffeId } : { spiffeId, workload };
  if (!keys.includes(keyHash)) return joining;
  const firstMs = usedAtMs[keyHash] ?? 0;
  if (firstMs > 0 && nowMs - firstMs > AGAIN_MS)
    return { fault: "the join token was used by this key long ago: another token is needed" };
  return { ...joining, firstMs };
}

function keysOf({ keyHash, keyHashes = [] }: Entry): readonly string[] {
  return keyHash === undefined ? keyHashes : [keyHash, ...keyHashes];
}

function living(entries: readonly Entry[], nowMs: number): readonly Entry[] {
  return entries.filter(({ expiresAtMs }) => expiresAtMs > nowMs);
}

/** Without the oldest brief ones of its workload, where there are too many: whoever asks for them drives out no others. */
function withoutBrief(entries: readonly Entry[], { isBrief, workload }: Entry): readonly Entry[] {
  if (isBrief !== true) return entries;
  const own = entries.filter((entry) => entry.isBrief === true && entry.workload === workload);
  const dropped = new Set(own.slice(0, Math.max(0, own.length + 1 - TOKEN_USES_MAX)));
  return entries.filter((entry) => !dropped.has(entry));
}

function toFacts(entry: Entry): TokenFacts {
  const { hash, spiffeId, workload = "", expiresAtMs, uses = 1 } = entry;
  return { id: hash.slice(0, ID_LENGTH), spiffeId, workload, expiresAtMs, uses, used: keysOf(entry).length };
}

/** None where they are damaged: none is better than a wrong one, and those of files are made anew at each start. */
function parseEntries(value: Uint8Array | undefined): readonly Entry[] {
  return value === undefined ? [] : (parseKept(new TextDecoder().decode(value), isEntries) ?? []);
}

function isEntries(value: unknown): value is readonly Entry[] {
  return Array.isArray(value) && value.every(isEntry);
}

function isEntry(value: unknown): value is Entry {
  const { hash, spiffeId, expiresAtMs } = (value ?? {}) as Partial<Entry>;
  return typeof hash === "string" && typeof spiffeId === "string" && typeof expiresAtMs === "number";
}

function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
