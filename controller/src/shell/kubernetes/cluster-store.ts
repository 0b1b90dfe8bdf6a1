/**
 * A cluster as a store: a value is a Secret, or, where it is larger than one takes, several that the first names. Who
 * writes holds the cluster's Lease; what is compared is the Secret's own version.
 */
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { Clock } from "@regomesh/base";
import { type Kept, type Lease, type Reading, StoreError } from "../../store/store.ts";
import { type Answer, type ApiConnection, refusalOf } from "./api-connection.ts";
import type { Leadership } from "./leadership.ts";

/** A Secret holds 1 MiB of data; the rest is for names. */
const PART_BYTES = 960 * 1024;
/** What a controller keeps of a large mesh is some megabytes, packed. */
const PARTS_MAX = 64;
const LOOK_EVERY_MS = 10_000;
const STATE_SELECTOR = "app.kubernetes.io/component=state,app.kubernetes.io/part-of=regomesh";
const NOT_FOUND = 404;
const CONFLICT = 409;

type Secret = {
  readonly metadata: { readonly name: string; readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
};

export class ClusterStore implements Reading {
  readonly #connection: ApiConnection;
  readonly #namespace: string;
  readonly #clock: Clock;

  constructor(connection: ApiConnection, namespace: string, clock: Clock) {
    this.#connection = connection;
    this.#namespace = namespace;
    this.#clock = clock;
  }

  async get(key: string): Promise<Kept | undefined> {
    const head = await this.#read(nameOf(key));
    if (head === undefined) return undefined;
    const parts = Number(text(head, "parts") || "1");
    const digest = text(head, "digest");
    const packed: Buffer[] = [Buffer.from(head.data?.["value"] ?? "", "base64")];
    for (let part = 1; part < parts; part++) {
      const secret = await this.#read(partName(key, digest, part));
      if (secret === undefined)
        throw new StoreError("refused", `Secret ${partName(key, digest, part)}, a part of ${key}, is gone`);
      packed.push(Buffer.from(secret.data?.["value"] ?? "", "base64"));
    }
    const value = await promisify(gunzip)(Buffer.concat(packed)).catch((cause: Error) => {
      throw new StoreError("refused", `what Secret ${nameOf(key)} holds is damaged: ${cause.message}`, { cause });
    });
    return { value, version: head.metadata.resourceVersion };
  }

  /** What the API server has taken is kept. */
  async before(): Promise<undefined> {
    return undefined;
  }

  /** Looked at now and then: what is watched is taken away by people, seldom. */
  watch(key: string, onChange: () => void, signal: AbortSignal): void {
    void (async () => {
      let known: string | undefined;
      for (let isFirst = true; !signal.aborted; isFirst = false) {
        const version = await this.#read(nameOf(key)).then(
          (head) => head?.metadata.resourceVersion ?? "",
          () => known,
        );
        if (!isFirst && version !== known) onChange();
        known = version;
        await this.#clock.sleep(LOOK_EVERY_MS, signal).catch(() => {});
      }
    })();
  }

  /** The new version. Throws StoreError. */
  async write(key: string, expected: string | undefined, value: Uint8Array): Promise<string> {
    const before = expected === undefined ? undefined : await this.#read(nameOf(key));
    if (before?.metadata.resourceVersion !== expected) throw conflict(key);
    const packed = await promisify(gzip)(value);
    const digest = createHash("sha256").update(packed).digest("hex").slice(0, 12);
    const parts = Array.from({ length: Math.max(1, Math.ceil(packed.length / PART_BYTES)) }, (_, at) =>
      packed.subarray(at * PART_BYTES, (at + 1) * PART_BYTES),
    );
    if (parts.length > PARTS_MAX) throw new StoreError("refused", `${key} is larger than ${PARTS_MAX} Secrets hold`);
    // The first names the others, and comes when they are there.
    for (const [at, part] of parts.entries())
      if (at > 0) await this.#put(key, partName(key, digest, at), undefined, { value: part });
    const [first = Buffer.alloc(0)] = parts;
    const head = {
      value: first,
      key: Buffer.from(key),
      parts: Buffer.from(String(parts.length)),
      digest: Buffer.from(digest),
    };
    const version = await this.#put(key, nameOf(key), expected, head);
    if (before !== undefined) await this.#drop(key, before, digest);
    return version;
  }

  /** Names of the keys right under a folder. Throws StoreError. */
  async list(folder: string): Promise<readonly string[]> {
    const names = new Set<string>();
    let from = "";
    do {
      const query = new URLSearchParams({
        labelSelector: STATE_SELECTOR,
        limit: "100",
        ...(from === "" ? {} : { continue: from }),
      });
      const answer = await this.#ask({ path: `${this.#path}?${query}` });
      if (answer.status !== 200)
        throw new StoreError("refused", `the cluster does not list ${folder}: ${refusalOf(answer)}`);
      const { items = [], metadata } = answer.body as {
        readonly items?: readonly Secret[];
        readonly metadata: { readonly continue?: string };
      };
      for (const key of items.map((item) => text(item, "key"))) {
        const name = key.startsWith(`${folder}/`) ? key.slice(folder.length + 1) : "";
        if (name !== "" && !name.includes("/")) names.add(name);
      }
      from = metadata.continue ?? "";
    } while (from !== "");
    return [...names];
  }

  /** Throws StoreError. */
  async remove(key: string): Promise<void> {
    const before = await this.#read(nameOf(key));
    if (before === undefined) return;
    const answer = await this.#ask({ method: "DELETE", path: `${this.#path}/${nameOf(key)}` });
    if (answer.status >= 300 && answer.status !== NOT_FOUND)
      throw new StoreError("refused", `the cluster does not take ${key} away: ${refusalOf(answer)}`);
    await this.#drop(key, before, "");
  }

  /** What an earlier value had beside its first part. */
  async #drop(key: string, before: Secret, digest: string): Promise<void> {
    const old = text(before, "digest");
    if (old === digest) return;
    for (let part = 1; part < Number(text(before, "parts")); part++)
      await this.#ask({ method: "DELETE", path: `${this.#path}/${partName(key, old, part)}` });
  }

  async #put(
    key: string,
    name: string,
    version: string | undefined,
    data: Readonly<Record<string, Buffer>>,
  ): Promise<string> {
    const body = {
      apiVersion: "v1",
      kind: "Secret",
      type: "regomesh.dev/state",
      metadata: {
        name,
        namespace: this.#namespace,
        labels: { "app.kubernetes.io/part-of": "regomesh", "app.kubernetes.io/component": "state" },
        ...(version === undefined ? {} : { resourceVersion: version }),
      },
      data: Object.fromEntries(Object.entries(data).map(([field, value]) => [field, value.toString("base64")])),
    };
    const answer = await this.#ask(
      version === undefined
        ? { method: "POST", path: this.#path, body }
        : { method: "PUT", path: `${this.#path}/${name}`, body },
    );
    if (answer.status === CONFLICT && name !== nameOf(key)) return ""; // named by its content: it is there already
    if (answer.status === CONFLICT || answer.status === NOT_FOUND) throw conflict(key);
    if (answer.status >= 300) throw new StoreError("refused", `the cluster does not take ${key}: ${refusalOf(answer)}`);
    return (answer.body as Secret).metadata.resourceVersion;
  }

  async #read(name: string): Promise<Secret | undefined> {
    const answer = await this.#ask({ path: `${this.#path}/${name}` });
    if (answer.status === NOT_FOUND) return undefined;
    if (answer.status !== 200)
      throw new StoreError("refused", `the cluster does not give Secret ${name}: ${refusalOf(answer)}`);
    return answer.body as Secret;
  }

  async #ask(request: Parameters<ApiConnection["request"]>[0]): Promise<Answer> {
    return await this.#connection.request(request).catch((cause: Error) => {
      throw new StoreError("refused", `the cluster does not answer: ${cause.message}`, { cause });
    });
  }

  get #path(): string {
    return `/api/v1/namespaces/${this.#namespace}/secrets`;
  }
}

export class ClusterLease implements Lease {
  readonly epoch: number;
  readonly #store: ClusterStore;
  readonly #leadership: Leadership;
  #last: Promise<unknown> = Promise.resolve();

  constructor(store: ClusterStore, leadership: Leadership) {
    this.#store = store;
    this.#leadership = leadership;
    this.epoch = leadership.epoch;
  }

  get(key: string): Promise<Kept | undefined> {
    return this.#store.get(key);
  }

  before(): Promise<undefined> {
    return this.#store.before();
  }

  async sync(): Promise<boolean> {
    return true;
  }

  watch(key: string, onChange: () => void, signal: AbortSignal): void {
    this.#store.watch(key, onChange, signal);
  }

  async compareAndSet(key: string, expected: string | undefined, value: Uint8Array): Promise<string> {
    return await this.#inTurn(async () => {
      await this.#leadership.require();
      return await this.#store.write(key, expected, value);
    });
  }

  async prove(key: string): Promise<void> {
    await this.#inTurn(async () => {
      await this.#leadership.require();
      const kept = await this.#store.get(key);
      if (kept !== undefined) await this.#store.write(key, kept.version, kept.value);
    });
  }

  list(folder: string): Promise<readonly string[]> {
    return this.#store.list(folder);
  }

  async remove(key: string): Promise<void> {
    await this.#inTurn(async () => {
      await this.#leadership.require();
      await this.#store.remove(key);
    });
  }

  async end(): Promise<void> {
    await this.#inTurn(() => this.#leadership.end());
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(work, work);
    this.#last = turn.catch(() => {});
    return await turn;
  }
}

/** Keys are paths, and names of Secrets are not. */
function nameOf(key: string): string {
  return `regomesh-state-${createHash("sha256").update(key).digest("hex").slice(0, 20)}`;
}

function partName(key: string, digest: string, part: number): string {
  return `${nameOf(key)}-${digest}-${part}`;
}

function text(secret: Secret, field: string): string {
  return Buffer.from(secret.data?.[field] ?? "", "base64").toString("utf8");
}

function conflict(key: string): StoreError {
  return new StoreError("conflict", `${key} was changed by another`);
}
