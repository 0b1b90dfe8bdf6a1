/**
 * What a proxy keeps so that a restart needs no controller: its identity (one file, so
 * that key and certificate are never of two turns) and the last snapshot that it enforced,
 * with the endpoints that it knew. Everything is 0600.
 */
import { createPrivateKey } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseSnapshotFile, printSnapshotFile, type SnapshotFile } from "@regomesh/protocol";
import { IdentityError, makeIdentity, writeWhole } from "../identity-folder.ts";
import type { Identity } from "../tls.ts";
import { signatureFault } from "./signed-snapshot.ts";

export class StateFolder {
  readonly #folder: string;
  #writing: Promise<void> = Promise.resolve();

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(folder: string): Promise<StateFolder> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    return new StateFolder(folder);
  }

  /** The key for which an identity was asked but did not come yet: a join token knows it by this key. */
  async readPendingKey(): Promise<string | undefined> {
    const pem = await readIfThere(join(this.#folder, "pending_key.pem"));
    try {
      if (pem !== undefined) createPrivateKey(pem);
      return pem;
    } catch {
      return undefined; // a damaged key is as none: another one takes its place
    }
  }

  async keepPendingKey(keyPem: string): Promise<void> {
    await writeWhole(join(this.#folder, "pending_key.pem"), keyPem);
  }

  /** The identity kept, or why it cannot be used; whether it is still valid is the caller's to see. */
  async readIdentity(): Promise<{ readonly identity?: Identity; readonly fault?: string }> {
    const path = join(this.#folder, "identity.json");
    const text = await readIfThere(path);
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

  async keepIdentity(identity: Identity): Promise<void> {
    const { keyPem: key, chainPem: chain, bundlePem: bundle } = identity;
    await writeWhole(join(this.#folder, "identity.json"), `${JSON.stringify({ key, chain, bundle })}\n`);
  }

  /** The last good snapshot, or why there is none to start from. */
  async readSnapshot(
    identity: Identity,
    nowMs: number,
  ): Promise<{ readonly file?: SnapshotFile; readonly why: string }> {
    const text = await readIfThere(join(this.#folder, "last-good.json"));
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

  /** Writes one after the other; a later call's file is the one that stays. */
  keepSnapshot(file: SnapshotFile): Promise<void> {
    const { snapshot: _, ...kept } = file;
    this.#writing = this.#writing
      .catch(() => {})
      .then(() => writeWhole(join(this.#folder, "last-good.json"), printSnapshotFile(kept)));
    return this.#writing;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
