/** A snapshot as the message that a proxy is sent. What many proxies are sent alike is folded once. */
import { type Content, encodeContent, type SnapshotMessage } from "@regomesh/protocol";
import type { Chunk } from "../../build/cut-module.ts";
import { makeMissing } from "../../distribution/missing.ts";
import type { Part } from "../../distribution/parts.ts";
import type { Release } from "../../distribution/release.ts";
import type { Effect } from "../../distribution/state.ts";

export type SendEffect = Extract<Effect, { kind: "send" }>;

export type PackOptions = {
  readonly sign: (body: Uint8Array) => { readonly signature: Buffer; readonly signerPem: string };
};

/** Makes messages; keeps what it has folded for as long as the content lives. */
export function makePacker({
  sign,
}: PackOptions): (effect: SendEffect, release: Release | undefined) => SnapshotMessage {
  const folded = new WeakMap<Part, Content>();
  const missing = makeMissing();
  const fold = (part: Part | Chunk): Content => {
    if ("folded" in part) return part.folded;
    const content = folded.get(part) ?? encodeContent(part.body);
    folded.set(part, content);
    return content;
  };
  return ({ nonce, snapshot, held, modules }, release) => {
    if (held === undefined) {
      const { hash, body } = snapshot.whole();
      const sent = (release?.plan.modules ?? []).filter((module) => modules.includes(module.hash));
      return {
        nonce,
        hash,
        body: Buffer.from(body),
        modules: sent.map((module) => ({
          hash: module.hash,
          wasm: Buffer.from(module.wasm),
          data: Buffer.from(module.data),
        })),
        contents: [],
        lists: [],
        moduleParts: [],
        ...sign(body),
      };
    }
    const lacking = missing(snapshot.parts, held);
    return {
      nonce,
      hash: snapshot.hash,
      body: Buffer.from(snapshot.body),
      modules: [],
      contents: lacking.contents.map(fold),
      lists: lacking.lists.map(({ base, removed, added }) => ({ base, removed: [...removed], added: [...added] })),
      moduleParts: lacking.modules.map(({ hash, wasm, data }) => ({
        hash,
        wasmChunks: namesOf(wasm),
        dataChunks: namesOf(data),
      })),
      ...sign(snapshot.body),
    };
  };
}

function namesOf(chunks: readonly Chunk[]): Buffer {
  return Buffer.from(chunks.map(({ hash }) => hash).join(""), "hex");
}
