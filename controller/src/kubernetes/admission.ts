/** Admission reviews, read and answered: what comes from an API server, or from whoever says that he is one. */
import { type DiagnosticRecord, printRecord } from "@regomesh/base";
import type { ClusterObject } from "./cluster-object.ts";
import { objectKey } from "./cluster-object.ts";
import { isOurs, keyOfFile } from "./cluster-tree.ts";
import { maySpeakOf } from "./gates.ts";

export type Review = {
  readonly uid: string;
  readonly operation: string;
  /** Absent where something is deleted. */
  readonly object: ClusterObject | undefined;
};

export type Admitted = {
  readonly allowed: boolean;
  /** Why not. */
  readonly message?: string;
  readonly warnings?: readonly string[];
  /** RFC 6902, of what is let in otherwise than it came. */
  readonly patch?: readonly object[];
};

/** kubectl prints warnings of 256 bytes whole, and of 4,096 altogether. */
const WARNING_LENGTH_MAX = 256;
const WARNINGS_MAX = 12;
/** A message beyond that is cut by whoever shows it. */
export const FAULTS_MAX = 20;

/** Values of an object, and how deep they stand: far more than any of ours may have, and so many that nobody waits for their text. */
const VALUES_MAX = 20_000;
const DEPTH_MAX = 32;

/** Undefined where it is no review of version 1. */
export function parseReview(body: unknown): Review | undefined {
  const { kind, request } = (body ?? {}) as { readonly kind?: unknown; readonly request?: Record<string, unknown> };
  if (
    kind !== "AdmissionReview" ||
    typeof request !== "object" ||
    request === null ||
    typeof request["uid"] !== "string"
  )
    return undefined;
  const object = request["object"] as Partial<ClusterObject> | null | undefined;
  const isObject =
    object != null &&
    typeof object.kind === "string" &&
    typeof object.apiVersion === "string" &&
    typeof object.metadata === "object" &&
    object.metadata !== null;
  if (object != null && !isObject) return undefined;
  // What is only being made has neither; nor, where the server is to name it, a name.
  const namespace = request["namespace"];
  const metadata = {
    uid: "",
    resourceVersion: "",
    ...(typeof namespace === "string" && namespace !== "" ? { namespace } : {}),
    ...(object?.metadata as Partial<ClusterObject["metadata"]> | undefined),
  } as ClusterObject["metadata"];
  return {
    uid: request["uid"],
    operation: String(request["operation"]),
    object: isObject ? ({ ...object, metadata } as ClusterObject) : undefined,
  };
}

export function toAnswer(uid: string, { allowed, message, warnings = [], patch }: Admitted): object {
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: {
      uid,
      allowed,
      ...(message === undefined ? {} : { status: { code: 422, reason: "Invalid", message } }),
      ...(warnings.length === 0
        ? {}
        : { warnings: warnings.slice(0, WARNINGS_MAX).map((each) => each.slice(0, WARNING_LENGTH_MAX)) }),
      ...(patch === undefined
        ? {}
        : { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
    },
  };
}

/** What is answered without a build; undefined where one is needed. */
export function answerAtOnce({ object }: Pick<Review, "object">): Admitted | undefined {
  if (object === undefined || object.metadata.deletionTimestamp !== undefined || !isOurs(object))
    return { allowed: true };
  if (isSmall(object)) return undefined;
  const message = `an object of the mesh has ${VALUES_MAX} values at most, none of them deeper than ${DEPTH_MAX}`;
  return { allowed: false, message };
}

function isSmall(object: ClusterObject): boolean {
  let values = 0;
  let level: readonly unknown[] = [object.spec];
  for (let depth = 0; level.length > 0; depth++) {
    values += level.length;
    if (values > VALUES_MAX || depth > DEPTH_MAX) return false;
    level = level.flatMap((value) => (typeof value === "object" && value !== null ? Object.values(value) : []));
  }
  return true;
}

/** What depends upon others' objects comes in any order: it is said, and refuses nothing. */
function dependsOnOthers({ code }: DiagnosticRecord): boolean {
  return code.startsWith("reference_") || code === "resource_duplicate" || code === "binding_twice";
}

export type Found = {
  readonly diagnostics: readonly DiagnosticRecord[];
  readonly failedTests: readonly {
    readonly file: string;
    readonly row: number;
    readonly name: string;
    readonly message: string;
  }[];
};

/** Of a build of the cluster with the object in it: what is the object's own refuses it. */
export function judge(object: ClusterObject, { diagnostics, failedTests }: Found): Admitted {
  const key = objectKey(object);
  const own = diagnostics.filter(({ file }) => keyOfFile(file) === key);
  const gates = failedTests.filter(({ file }) => keyOfFile(file) !== key && file.startsWith("MeshTest/"));
  const [asked, others] = [
    gates.filter((each) => mayRefuse(each, object)),
    gates.filter((each) => !mayRefuse(each, object)),
  ];
  const ownTests = failedTests.filter(({ file }) => keyOfFile(file) === key);
  // What a MeshTest is about may come with it, or after it; by itself it holds nothing up.
  const isTest = object.kind === "MeshTest";
  const failed = [...(isTest ? [] : ownTests), ...asked];
  const errors = own.filter((each) => each.severity === "error" && !dependsOnOthers(each));
  const faults = [
    ...unique(errors).map(sentenceOf),
    ...failed.map(({ file, row, name, message }) =>
      keyOfFile(file) === key
        ? `${inFile(file)}:${row}: ${name} fails: ${message}`
        : `${keyOfFile(file)} would fail: ${message}`,
    ),
  ];
  const warnings = [
    ...unique(own.filter((each) => !errors.includes(each))).map(sentenceOf),
    ...(isTest ? ownTests : []).map(({ message }) => `it does not hold now: ${message}`),
    // What it says of its namespace is for who may read it there.
    ...[...new Set(others.map(({ file }) => keyOfFile(file)))].map((test) => `${test} would not hold any more`),
  ];
  if (faults.length === 0) return { allowed: true, warnings };
  const more = faults.length - FAULTS_MAX;
  const shown = faults.slice(0, FAULTS_MAX);
  return { allowed: false, message: [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("\n"), warnings };
}

function mayRefuse({ file }: { readonly file: string }, object: ClusterObject): boolean {
  const [, namespace = ""] = file.split("/");
  return maySpeakOf({ namespace }, object.metadata);
}

function unique(records: readonly DiagnosticRecord[]): readonly DiagnosticRecord[] {
  return [...new Map(records.map((record) => [printRecord(record), record])).values()];
}

/** Of Rego with its place; of a field, whose path its message names, without that of a text that nobody has seen. */
function sentenceOf(record: DiagnosticRecord): string {
  const hint = record.hint === undefined ? "" : ` (${record.hint})`;
  const isRego = record.file.endsWith(".rego");
  return `${isRego ? printRecord({ ...record, file: inFile(record.file) }) : record.message}${hint}`;
}

function inFile(file: string): string {
  return file.replace(/^Policy\/[^/]+\/[^/]+\/(?=[^/]+$)/, "");
}
