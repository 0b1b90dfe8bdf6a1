/** The Gateway API's own conformance tests as data: one line of cases.jsonl for each, with the manifests that it applies. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";

/** A value that upstream's Go works out: whoever plays the case has to know it. */
export type Expression = { readonly $expr: string } | { readonly $const: string };

export type Fields = Readonly<Record<string, string>>;

export type CaseRequest = {
  readonly Host?: string | Expression;
  readonly Method?: string;
  readonly Path?: string | Expression;
  readonly Headers?: Fields;
};

export type Case = {
  readonly TestCaseName?: string;
  readonly Request: CaseRequest | Expression;
  readonly ExpectedRequest?: { readonly Request?: CaseRequest; readonly AbsentHeaders?: readonly string[] };
  readonly RedirectRequest?: {
    readonly Scheme?: string;
    readonly Host?: string;
    readonly Port?: string;
    readonly Path?: string;
  };
  readonly Response?: {
    readonly StatusCode?: number;
    readonly StatusCodes?: readonly number[];
    readonly Headers?: Fields;
    readonly AbsentHeaders?: readonly string[];
  };
  readonly Backend?: string | Expression;
  readonly Namespace?: string;
  /** Fields that the application is to give its response. */
  readonly BackendSetResponseHeaders?: Fields;
};

export type Suite = {
  readonly mesh: boolean;
  readonly short_name: string;
  readonly features: readonly string[];
  readonly manifests: readonly string[];
  readonly cases: readonly Case[];
};

/** An object of a manifest. */
export type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Fields };
  readonly spec?: Readonly<Record<string, unknown>>;
};

export function readSuites(directory: string): readonly Suite[] {
  const lines = readFileSync(join(directory, "cases.jsonl"), "utf8").split("\n");
  return lines.filter((line) => line.trim() !== "").map((line) => JSON.parse(line) as Suite);
}

/** Every object of a manifest file, in its order. `name` is as cases name it: `tests/mesh/x.yaml`. */
export function readManifests(directory: string, name: string): readonly Manifest[] {
  const path = join(directory, "manifests", name);
  if (!existsSync(path)) throw new Error(`there is no manifest ${name}`);
  const documents = parseAllDocuments(readFileSync(path, "utf8")) as { toJS(): unknown }[];
  return documents.flatMap((document) => (document.toJS() as Manifest | null) ?? []);
}

export function isExpression(value: unknown): value is Expression {
  return typeof value === "object" && value !== null && ("$expr" in value || "$const" in value);
}
