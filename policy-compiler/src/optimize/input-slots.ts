/**
 * Input by slots: a chain of DotStmts with constant keys that starts at input becomes one
 * InputSlotStmt, so that the fast path reads just that value off the request's head; before
 * every other use of input stands a NeedInputStmt, which makes the document where it must.
 *
 * Input is local 0 of every function and plan. It may be passed on to a function of the
 * policy untouched (as its first argument); a `with` that replaces it goes on with a value.
 */
import type { CONTEXT_FIELDS } from "@regomesh/policy-runtime";
import type { IrBlock, IrOperand, IrPolicy, IrStmt } from "../ir/policy.ts";
import { usesOf } from "../ir/uses.ts";
import { eachStmtOf } from "../ir/walk.ts";
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

export function projectInput(policy: IrPolicy): IrPolicy {
  const strings = (policy.static?.strings ?? []).map((string) => string.value);
  const own = new Set((policy.funcs?.funcs ?? []).map((func) => func.name));
  const project = <Body extends { readonly blocks: readonly IrBlock[] | null }>(body: Body): Body => {
    const counted = countUses(body.blocks, own);
    return { ...body, blocks: projectBlocks(body.blocks, { strings, ...counted }) };
  };
  return {
    ...policy,
    ...(policy.plans === undefined ? {} : { plans: { plans: (policy.plans.plans ?? []).map(project) } }),
    ...(policy.funcs === undefined ? {} : { funcs: { funcs: (policy.funcs.funcs ?? []).map(project) } }),
  };
}

type Counted = {
  /** How often each local is read. */
  readonly uses: ReadonlyMap<number, number>;
  /** Statements that take input as a value, apart from their blocks. */
  readonly taking: ReadonlySet<IrStmt>;
};

type Scope = Counted & { readonly strings: readonly string[] };

function projectBlocks(blocks: readonly IrBlock[] | null, scope: Scope): readonly IrBlock[] {
  return (blocks ?? []).map((block) => projectBlock(block, scope));
}

function projectBlock(block: IrBlock, scope: Scope): IrBlock {
  const stmts = block.stmts ?? [];
  const out: IrStmt[] = [];
  for (let i = 0; i < stmts.length; ) {
    const chain = chainAt(stmts, i, scope);
    if (chain === undefined) {
      const stmt = stmts[i] as IrStmt;
      if (scope.taking.has(stmt)) out.push({ type: "NeedInputStmt", stmt: { source: INPUT } });
      out.push(projectInner(stmt, scope));
      i++;
    } else {
      const { file, row, col } = (stmts[i] as IrStmt).stmt;
      const place = file === undefined || row === undefined || col === undefined ? {} : { file, row, col };
      out.push({ type: "InputSlotStmt", stmt: { ...place, source: INPUT, path: chain.path, target: chain.target } });
      i += chain.path.length;
    }
  }
  return { stmts: out };
}

function projectInner(stmt: IrStmt, scope: Scope): IrStmt {
  switch (stmt.type) {
    case "BlockStmt":
      return { ...stmt, stmt: { ...stmt.stmt, blocks: projectBlocks(stmt.stmt.blocks, scope) } };
    case "ScanStmt":
    case "NotStmt":
    case "WithStmt":
      return { ...stmt, stmt: { ...stmt.stmt, block: projectBlock(stmt.stmt.block, scope) } } as IrStmt;
    default:
      return stmt;
  }
}

/** The DotStmts from `at` on that lead from input down, each on the result of the one before and nobody else's. */
function chainAt(
  stmts: readonly IrStmt[],
  at: number,
  scope: Scope,
): { readonly path: readonly string[]; readonly target: number } | undefined {
  const path: string[] = [];
  let source = INPUT;
  for (let i = at; i < stmts.length; i++) {
    const { type, stmt } = stmts[i] as IrStmt;
    if (type !== "DotStmt" || stmt.key.type !== "string_index" || !isLocal(stmt.source, source)) break;
    if (path.length > 0 && scope.uses.get(source) !== 1) break;
    path.push(scope.strings[stmt.key.value] ?? "");
    source = stmt.target;
  }
  return path.length === 0 ? undefined : { path, target: source };
}

function isLocal(operand: IrOperand, local: number): boolean {
  return operand.type === "local" && operand.value === local;
}

/** Whether a statement that reads these operands takes input as a value: functions of the policy are handed it on. */
function takesInput({ type, stmt }: IrStmt, reads: readonly IrOperand[], own: ReadonlySet<string>): boolean {
  if (type === "DispatchStmt" || type === "CallDynamicStmt" || (type === "CallStmt" && own.has(stmt.func))) {
    return reads.some((operand, i) => i > 0 && isLocal(operand, INPUT));
  }
  if (type === "WithStmt") {
    const { local, path, value } = stmt;
    return (local === INPUT && (path ?? []).length > 0) || isLocal(value, INPUT);
  }
  return reads.some((operand) => isLocal(operand, INPUT));
}

function countUses(blocks: readonly IrBlock[] | null, own: ReadonlySet<string>): Counted {
  const uses = new Map<number, number>();
  const taking = new Set<IrStmt>();
  const count = (local: number): void => void uses.set(local, (uses.get(local) ?? 0) + 1);
  eachStmtOf(blocks, (stmt) => {
    const { reads, changes } = usesOf(stmt);
    for (const operand of reads) if (operand.type === "local") count(operand.value);
    if (changes !== undefined) count(changes);
    // What `with` replaces is put back afterwards: it is read again.
    if (stmt.type === "WithStmt") count(stmt.stmt.local);
    if (takesInput(stmt, reads, own)) taking.add(stmt);
  });
  return { uses, taking };
}
