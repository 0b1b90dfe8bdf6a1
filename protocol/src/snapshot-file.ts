/**
 * A snapshot as a file: what `regomesh proxy --snapshot FILE` reads, and the last good
 * one that a proxy keeps. Modules lie beside the body in base64; endpoints, which are
 * state, only where the operator wrote the file. Never a key.
 */
import { canonicalJson } from "./canonical-json.ts";
import { joinSnapshot } from "./contents.ts";
import { collectProblems, type FieldReader, readFields } from "./field-reader.ts";
import { moduleHash, snapshotHash } from "./hashes.ts";
import type { SnapshotProblem } from "./nack.ts";
import type { Snapshot } from "./snapshot.ts";
import { checkSnapshot } from "./snapshot-check.ts";

export type SnapshotModule = { readonly hash: string; readonly wasm: Uint8Array; readonly data: string };

export type FileEndpoint = {
  /** `name.namespace` */
  readonly service: string;
  readonly address: string;
  readonly port: number;
  readonly workload: string;
  readonly principal: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly portName: string;
  /** The number of the service's port that it is for; absent: the port's name says. */
  readonly servicePort?: number | undefined;
  /** Where the application listens behind it; absent: nobody says. */
  readonly applicationPort?: number | undefined;
  /** Absent: `h1`. */
  readonly transports?: readonly string[];
};

export type SnapshotFile = {
  readonly snapshot: Snapshot;
  /** The body as it was hashed and signed: the snapshot, or its envelope. */
  readonly bodyText: string;
  /** What the envelope names, by hash; absent where the body is the snapshot itself. */
  readonly contents?: ReadonlyMap<string, string>;
  readonly hash: string;
  readonly modules: readonly SnapshotModule[];
  readonly endpoints: readonly FileEndpoint[];
  /** By the controller's snapshot key over the body; absent in an operator's own file. */
  readonly signature: Uint8Array | undefined;
  readonly signerPem: string | undefined;
};

type FileJson = {
  readonly body: unknown;
  readonly contents?: readonly string[];
  readonly hash: string;
  readonly modules: readonly { readonly hash: string; readonly wasm: string; readonly data: string }[];
  readonly endpoints?: readonly FileEndpoint[];
  readonly signature?: string;
  readonly signerPem?: string;
};

const HASH = { pattern: /^[0-9a-f]{64}$/ };
const CONTENTS_MAX = 100_000;
const MODULE = { lengthMax: 256 * 1024 * 1024 };

function checkFile(file: FieldReader<FileJson>): void {
  file.any("body"); // checkSnapshot reads it
  if (file.has("contents")) file.texts("contents", CONTENTS_MAX, MODULE);
  file.text("hash", HASH);
  file.objects(
    "modules",
    (module) => {
      module.text("hash", HASH);
      module.text("wasm", MODULE);
      module.text("data", MODULE);
    },
    1000,
  );
  if (file.has("endpoints")) {
    file.objects("endpoints", (endpoint) => {
      endpoint.text("service");
      endpoint.text("address");
      endpoint.integer("port", 1, 65_535);
      endpoint.text("workload");
      endpoint.text("principal");
      endpoint.labels("labels");
      endpoint.text("portName");
      if (endpoint.has("servicePort")) endpoint.integer("servicePort", 1, 65_535);
      if (endpoint.has("applicationPort")) endpoint.integer("applicationPort", 1, 65_535);
      if (endpoint.has("transports")) endpoint.texts("transports", 16, { lengthMax: 16 });
    });
  }
  if (file.has("signature")) file.text("signature");
  if (file.has("signerPem")) file.text("signerPem", { lengthMax: 65_536 });
}

/** Reads the text of a snapshot file; hashes are checked, signatures are the caller's affair. */
export function parseSnapshotFile(fileText: string): {
  readonly file?: SnapshotFile;
  readonly problems: readonly SnapshotProblem[];
} {
  let value: unknown;
  try {
    value = JSON.parse(fileText);
  } catch (error) {
    return { problems: [{ code: "snapshot_json", message: `the file is not JSON: ${(error as Error).message}` }] };
  }
  const shape = collectProblems("snapshot_shape", (report) => readFields<FileJson>(value, "", report, checkFile));
  if (shape.length > 0) return { problems: shape };
  const json = value as FileJson;
  const contents = json.contents && new Map(json.contents.map((text) => [snapshotHash(text), text]));
  const { snapshot, problems } = contents === undefined ? checkSnapshot(json.body) : join(json.body, contents);
  if (snapshot === undefined) return { problems };
  const bodyText = canonicalJson(json.body);
  const faults: SnapshotProblem[] = [];
  if (snapshotHash(bodyText) !== json.hash)
    faults.push({ code: "snapshot_hash", message: "the body has another hash" });
  const modules = json.modules.map(({ hash, wasm, data }) => ({ hash, wasm: Buffer.from(wasm, "base64"), data }));
  for (const { hash, wasm, data } of modules) {
    if (moduleHash(wasm, data) !== hash)
      faults.push({ code: "module_hash", message: `module ${hash} has another hash` });
  }
  if (faults.length > 0) return { problems: faults };
  return {
    problems: [],
    file: {
      snapshot,
      bodyText,
      ...(contents === undefined ? {} : { contents }),
      hash: json.hash,
      modules,
      endpoints: json.endpoints ?? [],
      signature: json.signature === undefined ? undefined : Buffer.from(json.signature, "base64"),
      signerPem: json.signerPem,
    },
  };
}

function join(envelope: unknown, contents: ReadonlyMap<string, string>): ReturnType<typeof joinSnapshot> {
  try {
    return joinSnapshot(envelope, (hash) => {
      const text = contents.get(hash);
      return text === undefined ? undefined : (JSON.parse(text) as unknown);
    });
  } catch (error) {
    return { problems: [{ code: "snapshot_json", message: `a content is not JSON: ${(error as Error).message}` }] };
  }
}

export function printSnapshotFile(file: Omit<SnapshotFile, "snapshot">): string {
  const json: FileJson = {
    body: JSON.parse(file.bodyText),
    ...(file.contents === undefined ? {} : { contents: [...file.contents.values()] }),
    hash: file.hash,
    modules: file.modules.map(({ hash, wasm, data }) => ({ hash, wasm: Buffer.from(wasm).toString("base64"), data })),
    ...(file.endpoints.length === 0 ? {} : { endpoints: file.endpoints }),
    ...(file.signature === undefined ? {} : { signature: Buffer.from(file.signature).toString("base64") }),
    ...(file.signerPem === undefined ? {} : { signerPem: file.signerPem }),
  };
  return `${JSON.stringify(json)}\n`;
}

/** A file of an operator's own: body, modules, endpoints, no signature. */
export function makeSnapshotFile(
  snapshot: Snapshot,
  modules: readonly { readonly wasm: Uint8Array; readonly data: string }[] = [],
  endpoints: readonly FileEndpoint[] = [],
): SnapshotFile {
  const bodyText = canonicalJson(snapshot);
  return {
    snapshot,
    bodyText,
    hash: snapshotHash(bodyText),
    modules: modules.map(({ wasm, data }) => ({ hash: moduleHash(wasm, data), wasm, data })),
    endpoints,
    signature: undefined,
    signerPem: undefined,
  };
}
