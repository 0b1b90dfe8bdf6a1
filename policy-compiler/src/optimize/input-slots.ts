/**
 * Input by slots: a chain of look-ups with constant keys that starts at input becomes one
 * input op, so that the fast path reads just that value off the request's head; before
 * every other use of input stands a need-input op, which makes the document where it must.
 *
 * Input is local 0 of every function and plan. It may be passed on to a function of the
 * policy untouched (as its first argument); a `with` that replaces it goes on with a value.
 */
import type { CONTEXT_FIELDS } from "@regomesh/policy-runtime";
import type { CoreCode, InputOp, Op, Region } from "../core/op.ts";
import { beginCount, findUses, forgetReads, newUses, type Uses } from "../core/uses.ts";
import { type Local, NO_LOCALS, Type, UNCOUNTED, type Value } from "../core/value.ts";
import { eachRead, HOLDS_REGIONS, regionsOf, someRead } from "../core/walk.ts";
import { contextKind, fieldKind, SlotKind } from "../link/runtime-layout.ts";

const INPUT = 0;

/** Paths that have a reader of their own. */
const HTTP = ["attributes", "request", "http"];
const KINDS: ReadonlyMap<string, number> = new Map([
  kind([...HTTP, "method"], SlotKind.method),
  kind([...HTTP, "path"], SlotKind.target),
  kind([...HTTP, "host"], SlotKind.authority),
  kind([...HTTP, "scheme"], SlotKind.scheme),
  kind([...HTTP, "protocol"], SlotKind.protocol),
  kind([...HTTP, "id"], SlotKind.requestId),
  kind([...HTTP, "headers"], SlotKind.headers),
  kind(["parsed_path"], SlotKind.parsedPath),
  kind(["parsed_query"], SlotKind.parsedQuery),
  kind(HTTP, SlotKind.http),
  kind(["source"], SlotKind.source),
  kind(["attributes", "request", "time"], SlotKind.time),
  ...contextKinds({
    principal: [["source", "principal"], ["source_principal"], ["attributes", "source", "principal"]],
    trustDomain: [["source", "trustDomain"]],
    namespace: [["source", "namespace"]],
    serviceAccount: [["source", "serviceAccount"]],
    sourceAddress: [["attributes", "source", "address", "socketAddress", "address"]],
    sourcePort: [["attributes", "source", "address", "socketAddress", "portValue"]],
    destinationAddress: [["attributes", "destination", "address", "socketAddress", "address"]],
    destinationPort: [["attributes", "destination", "address", "socketAddress", "portValue"]],
    destinationPrincipal: [["attributes", "destination", "principal"]],
    service: [["attributes", "destination", "service"]],
  }),
]);

function kind(path: readonly string[], number: number): [string, number] {
  return [JSON.stringify(path), number];
}

function contextKinds(
  paths: Readonly<Partial<Record<(typeof CONTEXT_FIELDS)[number], readonly string[][]>>>,
): [string, number][] {
  return Object.entries(paths).flatMap(([field, own]) =>
    own.map((path) => kind(path, contextKind(field as (typeof CONTEXT_FIELDS)[number]))),
  );
}

/** The reader of a path below input. */
export function slotKind(path: readonly string[]): number {
  const known = KINDS.get(JSON.stringify(path));
  if (known !== undefined) return known;
  if (path.length === 5 && path[3] === "headers" && HTTP.every((key, i) => path[i] === key)) {
    return fieldKind(path[4] ?? "");
  }
  return path[0] === "destination" ? SlotKind.destination : SlotKind.document;
}

export function projectInput({ body }: CoreCode, uses = newUses()): void {
  const found: Found = { locals: [], readers: new Set() };
  countUses(body, found, uses);
  if (found.readers.size > 0) projectRegions(body, found.readers);
  forgetReads(found.locals);
}

/** `readers` are the ops that read input. */
function projectRegions(regions: readonly Region[], readers: ReadonlySet<Op>): void {
  for (let at = 0; at < regions.length; at++) {
    const region = regions[at] as Region;
    const { ops } = region;
    /** From the first op on that reads input. */
    let out: Op[] | undefined;
    for (let i = 0; i < ops.length; ) {
      const op = ops[i] as Op;
      const readsInput = readers.has(op);
      const chain = readsInput && op.kind === "get" ? chainAt(ops, i) : undefined;
      if (chain !== undefined) {
        out ??= ops.slice(0, i);
        out.push(chain);
        i += chain.path.length;
        continue;
      }
      if (readsInput && takesInput(op)) {
        out ??= ops.slice(0, i);
        out.push(needInput(op));
      }
      out?.push(op);
      if (HOLDS_REGIONS[op.kind]) projectRegions(regionsOf(op), readers);
      i++;
    }
    if (out !== undefined) region.ops = out;
  }
}

function needInput(op: Op): Op {
  let source: Local | undefined;
  eachRead(op, (value) => {
    if (isInput(value)) source = value;
  });
  if (source === undefined) throw new Error("an op takes input, and does not read it");
  return { kind: "need-input", at: op.at, weight: 0, ends: NO_LOCALS, source };
}

/** The look-ups from `start` on that lead from input down, each of what the one before found and nobody else's. */
function chainAt(ops: readonly Op[], start: number): InputOp | undefined {
  const first = ops[start];
  if (first?.kind !== "get" || !isInput(first.source)) return undefined;
  const path: string[] = [];
  let source: Local = first.source;
  for (let i = start; i < ops.length; i++) {
    const op = ops[i] as Op;
    if (op.kind !== "get" || op.how !== "value" || op.source !== source || op.exit !== first.exit) break;
    if (op.key.kind !== "constant" || op.key.type !== Type.string) break;
    if (path.length > 0 && source.reads !== 1) break;
    path.push(op.key.text);
    source = op.target;
  }
  if (path.length === 0) return undefined;
  const { at, exit } = first;
  return {
    kind: "input",
    at,
    weight: 0,
    ends: NO_LOCALS,
    source: first.source,
    path,
    target: source,
    exit,
    looksUp: false,
  };
}

function isInput(value: Value): value is Local {
  return value.kind === "local" && value.id === INPUT;
}

/** Whether an op that reads input takes it as a value: functions of the policy are handed it on. */
function takesInput(op: Op): boolean {
  switch (op.kind) {
    case "call":
      return op.callee.kind === "function" ? isHandedOn(op.args) : op.args.some(isInput);
    case "call-path":
      return isHandedOn(op.args) || op.path.some(isInput);
    case "rules":
      return isHandedOn(op.args) || op.keys.some(isInput);
    case "with":
      return (isInput(op.local) && op.path.length > 0) || isInput(op.value);
    default:
      return someRead(op, isInput);
  }
}

/** Beside the first argument, which is input of every function. */
function isHandedOn(args: readonly Value[]): boolean {
  for (let i = 1; i < args.length; i++) if (isInput(args[i] as Value)) return true;
  return false;
}

/** The locals that are counted, and the ops that read input. */
type Found = { readonly locals: Local[]; readonly readers: Set<Op> };

/** Counts in `reads` how often each local is used. */
function countUses(regions: readonly Region[], found: Found, uses: Uses): void {
  const { locals, readers } = found;
  const { read } = uses;
  for (let i = 0; i < regions.length; i++) {
    const { ops } = regions[i] as Region;
    for (let j = 0; j < ops.length; j++) {
      const op = ops[j] as Op;
      findUses(op, uses);
      if (uses.grown !== undefined) read[uses.reads++] = uses.grown;
      // What `with` replaces is put back afterwards: it is read again.
      if (op.kind === "with") read[uses.reads++] = op.local;
      for (let k = 0; k < uses.reads; k++) {
        const local = read[k] as Local;
        if (local.reads === UNCOUNTED) beginCount(local, locals);
        local.reads++;
        if (local.id === INPUT) readers.add(op);
      }
      if (HOLDS_REGIONS[op.kind]) countUses(regionsOf(op), found, uses);
    }
  }
}
