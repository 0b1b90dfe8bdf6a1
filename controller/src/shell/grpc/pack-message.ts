/** A snapshot as the message that a proxy is sent. What many proxies are sent alike is folded once. */
import { type Content, encodeContent, type ModuleParts, type SnapshotMessage } from "@regomesh/protocol";
import type { Chunk, ModulePart } from "../../build/cut-module.ts";
import { makeMissing } from "../../distribution/missing.ts";
import type { Part } from "../../distribution/parts.ts";
import type { Publication } from "../../distribution/release.ts";
import type { Effect } from "../../distribution/state.ts";
import { makeSharedSigner, type Sign } from "./sign-together.ts";

export type SendEffect = Extract<Effect, { kind: "send" }>;

export type PackOptions = {
  readonly sign: Sign;
};

/** Whose snapshot it is, and what its proxy can do. */
export type SentOf = {
  readonly publication: Pick<Publication, "release" | "snapshots"> | undefined;
  readonly features: readonly string[];
};

/** Makes messages; keeps what it has folded and signed for as long as the content lives. */
export function makePacker({ sign }: PackOptions): (effect: SendEffect, of: SentOf) => SnapshotMessage {
  const signShared = makeSharedSigner(sign);
  const folded = new WeakMap<Part, Content>();
  const named = new WeakMap<ModulePart, ModuleParts>();
  const missing = makeMissing();
  const name = (part: ModulePart): ModuleParts => {
    const { hash, wasm, data } = part;
    const parts = named.get(part) ?? { hash, wasmChunks: namesOf(wasm), dataChunks: namesOf(data) };
    named.set(part, parts);
    return parts;
  };
  const fold = (part: Part | Chunk): Content => {
    if ("folded" in part) return part.folded;
    const content = folded.get(part) ?? encodeContent(part.body);
    folded.set(part, content);
    return content;
  };
  return ({ nonce, snapshot, held, modules }, { publication, features }) => {
    if (held === undefined) {
      const { hash, body } = snapshot.whole();
      const sent = (publication?.release.plan.modules ?? []).filter((module) => modules.includes(module.hash));
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
      moduleParts: lacking.modules.map(name),
      ...(features.includes("salted-signature") ? signShared(snapshot, publication) : sign(snapshot.body)),
    };
  };
}

function namesOf(chunks: readonly Chunk[]): Buffer {
  return Buffer.from(chunks.map(({ hash }) => hash).join(""), "hex");
}
