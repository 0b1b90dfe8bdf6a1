/**
 * What a proxy keeps so that a restart needs no controller: its identity (one file, so
 * that key and certificate are never of two turns) and the last snapshot that it enforced,
 * with the endpoints that it knew. Everything is 0600. A disk that takes nothing is trouble
 * that is told, and tried again: what is in force does not depend on it.
 */
import { createPrivateKey } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { diskReason } from "@regomesh/base";
import { readIfThere, SECRET, writeWhole } from "@regomesh/base/node";
import { parseSnapshotFile, printSnapshotFile, type SnapshotFile } from "@regomesh/protocol";
import type { Identity } from "../net/tls.ts";
import { IdentityError, makeIdentity } from "./identity-folder.ts";
import { signatureFault } from "./signed-snapshot.ts";

const IDENTITY = "identity.json";
const SNAPSHOT = "last-good.json";
const PENDING_KEY = "pending_key.pem";
/** A disk is freed by people. */
const KEEP_AGAIN_MS = 2000;

/** Told what the disk says of a file; undefined where all is well with it. */
export type HearDisk = (file: string, trouble: string | undefined) => void;

export class StateFolder {
  readonly #folder: string;
  readonly #hear: HearDisk;
  /** What waits to be kept, by file: the newest alone. */
  readonly #waiting = new Map<string, () => string>();
  #timer: NodeJS.Timeout | undefined = undefined;
  #writing: Promise<void> = Promise.resolve();

  private constructor(folder: string, hear: HearDisk) {
    this.#folder = folder;
    this.#hear = hear;
  }

  static async open(folder: string, hear: HearDisk): Promise<StateFolder> {
    const state = new StateFolder(folder, hear);
    await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => state.#say("the folder", error));
    return state;
  }

  /** The key for which an identity was asked but did not come yet: a join token knows it by this key. */
  async readPendingKey(): Promise<string | undefined> {
    const pem = await this.#read(PENDING_KEY);
    try {
      if (pem !== undefined) createPrivateKey(pem);
      return pem;
    } catch {
      return undefined; // a damaged key is as none: another one takes its place
    }
  }

  /** Throws where it cannot be kept: a token that was used by a key that is lost is lost, too. */
  async keepPendingKey(keyPem: string): Promise<void> {
    await this.#write(PENDING_KEY, keyPem);
  }

  /** The identity kept, or why it cannot be used; whether it is still valid is the caller's to see. */
  async readIdentity(): Promise<{ readonly identity?: Identity; readonly fault?: string }> {
    const path = join(this.#folder, IDENTITY);
    const text = await this.#read(IDENTITY);
    if (text === undefined) return {};
    try {
      const { key, chain, bundle } = JSON.parse(text) as Readonly<Record<string, string>>;
      return { identity: makeIdentity(key ?? "", chain ?? "", bundle ?? "", path) };
    } catch (error) {
      // An unusable file is as none: the controller gives another.
      const fault = error instanceof IdentityError ? error.message : `${path} is no identity file`;
      return { fault };
    }
  }

  /** Keeps it now, or as soon as the disk takes it. */
  async keepIdentity(identity: Identity): Promise<void> {
    const { keyPem: key, chainPem: chain, bundlePem: bundle } = identity;
    await this.#keep(IDENTITY, () => `${JSON.stringify({ key, chain, bundle })}\n`);
  }

  /** The last good snapshot, or why there is none to start from. */
  async readSnapshot(
    identity: Identity,
    nowMs: number,
  ): Promise<{ readonly file?: SnapshotFile; readonly why: string }> {
    const text = await this.#read(SNAPSHOT);
    if (text === undefined) return { why: "none is kept" };
    const { file, problems } = parseSnapshotFile(text);
    if (file === undefined) return { why: problems[0]?.message ?? "the file is damaged" };
    const { signature, signerPem, bodyText: body } = file;
    if (signature === undefined || signerPem === undefined) return { why: "it is not signed" };
    const fault = signatureFault({ body: Buffer.from(body), signature, signerPem }, identity, nowMs);
    if (fault !== undefined) return { why: fault };
    if (nowMs > file.snapshot.expiresAtMs) return { why: "it has expired" };
    return { file, why: "" };
  }

  /** Keeps it now, or as soon as the disk takes it; a later call's file is the one that stays. */
  async keepSnapshot(file: SnapshotFile): Promise<void> {
    const { snapshot: _, ...kept } = file;
    await this.#keep(SNAPSHOT, () => printSnapshotFile(kept));
  }

  /** Tries what waits once more, and no more. */
  async close(): Promise<void> {
    await this.#writeWaiting();
    clearTimeout(this.#timer);
  }

  async #keep(file: string, print: () => string): Promise<void> {
    this.#waiting.set(file, print);
    await this.#writeWaiting();
  }

  async #writeWaiting(): Promise<void> {
    this.#writing = this.#writing.then(async () => {
      clearTimeout(this.#timer);
      for (const [file, print] of this.#waiting) {
        try {
          await this.#write(file, print());
          // Its key is pending no more: who joins again, after a revocation say, does so with another.
          if (file === IDENTITY) await rm(join(this.#folder, PENDING_KEY), { force: true });
          if (this.#waiting.get(file) === print) this.#waiting.delete(file);
        } catch {
          // It has been told, and waits.
        }
      }
      if (this.#waiting.size === 0) return;
      this.#timer = setTimeout(() => void this.#writeWaiting(), KEEP_AGAIN_MS);
      this.#timer.unref();
    });
    await this.#writing;
  }

  async #write(file: string, content: string): Promise<void> {
    try {
      await writeWhole(join(this.#folder, file), content, SECRET);
      this.#hear(file, undefined);
    } catch (error) {
      this.#say(file, error);
      throw error;
    }
  }

  /** A file that cannot be read is as none: the controller gives another. */
  async #read(file: string): Promise<string | undefined> {
    try {
      return (await readIfThere(join(this.#folder, file)))?.toString("utf8");
    } catch (error) {
      this.#say(file, error);
      return undefined;
    }
  }

  #say(file: string, error: unknown): void {
    this.#hear(file, `${join(this.#folder, file)} is not kept or read: ${diskReason(error)}`);
  }
}
