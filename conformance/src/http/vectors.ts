/** The records of ../shared/http as its README describes them; only the fields that are used. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** Where the vectors are unless `--vectors` says otherwise. */
export function defaultVectors(): string {
  const root = resolve(import.meta.dirname, "../../..");
  return join(process.env["REGOMESH_SHARED"] ?? resolve(root, "../shared"), "http");
}

export type LlhttpMessage = {
  readonly method?: string;
  readonly url?: string;
  readonly protocol?: string;
  readonly version?: string;
  readonly status?: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly trailers?: readonly (readonly [name: string, value: string])[];
  readonly body_b64: string;
  readonly headers_complete: boolean;
  readonly complete: boolean;
  readonly url_parts?: {
    readonly host?: string;
    readonly path?: string;
    readonly query?: string;
    readonly fragment?: string;
  };
};
export type LlhttpRow = {
  readonly id: string;
  readonly name: string;
  readonly side: "request" | "response" | "url";
  readonly mode: "strict" | "lenient";
  readonly raw_b64: string;
  readonly verdict: "accept" | "reject" | "upgrade" | "incomplete";
  readonly error: { readonly code: number; readonly name?: string } | null;
  readonly messages: readonly LlhttpMessage[];
  readonly bb: {
    readonly raw_b64: string;
    readonly must: Must;
    readonly messages: number;
    readonly max_requests?: number;
  } | null;
};

export type Must = "accept" | "reject" | "safe";
export type WireRow = {
  readonly id: string;
  readonly name?: string;
  readonly title?: string;
  readonly position?: string;
  readonly byte?: number;
  readonly raw_b64: string;
  readonly must: Must;
  readonly max_requests: number;
  readonly expect_count?: number;
  readonly forbid_header?: readonly string[];
  readonly forbid_value?: string;
};

export type PathRow = { readonly id: string; readonly level: string; readonly in: string; readonly out: string };
export type SpiffeIdRow = { readonly id: string; readonly in: string; readonly valid: boolean; readonly why: string };
export type EnvoyPathRow = {
  readonly id: string;
  readonly path: string;
  readonly parsed_path?: readonly string[];
  readonly parsed_query?: Readonly<Record<string, readonly string[]>>;
  readonly error?: string;
};

/** Records of a file, none where it is absent. */
export function readVectors<Row>(folder: string, file: string): readonly Row[] {
  const path = join(folder, file);
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
}

export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(Buffer.from(base64, "base64"));
}
