/**
 * Receivers before senders: of a release a workload gets its snapshot once those that it may call
 * have theirs, so that a request finds a receiver that knows what its sender knows. Workloads that
 * may call each other, straight or round about, are one group and get it together; a plan without
 * `calls` is one group but for the edges, which nobody in the mesh may call.
 */
import type { MeshPlan } from "../build/build.ts";
import { compareText } from "../index/mesh-index.ts";

export type ReleaseOrder = {
  /** By workload, `namespace/name`, its group; callees have the smaller numbers. */
  readonly groupOf: ReadonlyMap<string, number>;
  /** By group, the others that it may call. */
  readonly calls: readonly ReadonlySet<number>[];
};

/** Which groups have to wait, given those that have members without an answer: whoever reaches one of these. */
export function waitingGroups({ calls }: ReleaseOrder, open: ReadonlySet<number>): ReadonlySet<number> {
  const waiting = new Set<number>();
  if (open.size === 0) return waiting;
  for (const [group, called] of calls.entries()) {
    for (const other of called) {
      if (!open.has(other) && !waiting.has(other)) continue;
      waiting.add(group);
      break;
    }
  }
  return waiting;
}

type OrderedPlan = Pick<MeshPlan, "workloads" | "services">;

/** The order of a plan: that of the one before, where the same workloads may call the same. */
export function orderAfter(
  plan: OrderedPlan,
  before: { readonly plan: OrderedPlan; readonly order: ReleaseOrder } | undefined,
): ReleaseOrder {
  return before !== undefined && isAlike(plan, before.plan) ? before.order : makeOrder(plan);
}

/** Whether nothing differs that an order is made of. */
function isAlike(one: OrderedPlan, other: OrderedPlan): boolean {
  return (
    one.workloads.length === other.workloads.length &&
    one.services.length === other.services.length &&
    one.workloads.every((each, at) => isSameWorkload(each, other.workloads[at])) &&
    one.services.every((each, at) => isSameName(each, other.services[at]))
  );
}

type OrderedWorkload = MeshPlan["workloads"][number];

function isSameWorkload(one: OrderedWorkload, other: OrderedWorkload | undefined): boolean {
  if (one === other) return true;
  if (other === undefined || !isSameName(one, other) || one.service !== other.service) return false;
  if (takesFromMesh(one) !== takesFromMesh(other) || one.calls?.length !== other.calls?.length) return false;
  return one.calls === undefined || one.calls.every((called, at) => called === other.calls?.[at]);
}

function isSameName(one: Named, other: Named | undefined): boolean {
  return one.name === other?.name && one.namespace === other.namespace;
}

type Named = { readonly name: string; readonly namespace: string };

/** Who takes from outside the mesh alone is called by nobody in it. */
function takesFromMesh({ inbound }: OrderedWorkload): boolean {
  return inbound.some(({ mode }) => mode === "strict");
}

export function makeOrder({ workloads, services }: OrderedPlan): ReleaseOrder {
  const keys = workloads.map(({ namespace, name }) => `${namespace}/${name}`);
  const names = services.map(({ name, namespace }) => `${name}.${namespace}`).sort(compareText);
  const every = workloads.length + names.length;
  const nodeOf = new Map(names.map((name, at) => [name, workloads.length + at]));
  const edges: number[][] = Array.from({ length: every + 1 }, () => []);
  for (const [at, workload] of workloads.entries()) {
    const { service, namespace, calls } = workload;
    edges[at]?.push(...(calls === undefined ? [every] : calls.flatMap((called) => nodeOf.get(called) ?? [])));
    if (takesFromMesh(workload)) edges[nodeOf.get(`${service}.${namespace}`) ?? at]?.push(at);
  }
  edges[every]?.push(...nodeOf.values());
  const groups = groupsOf(edges);
  const calls: Set<number>[] = [];
  for (const [node, group] of groups.entries()) {
    const called = calls[group] ?? new Set<number>();
    calls[group] = called;
    for (const other of edges[node] ?? []) if (groups[other] !== group) called.add(groups[other] ?? group);
  }
  return { groupOf: new Map(keys.map((key, at) => [key, groups[at] ?? 0])), calls };
}

/** By node, its strongly connected component (Tarjan 1972), without recursion; a component's successors have smaller numbers. */
function groupsOf(edges: readonly (readonly number[])[]): readonly number[] {
  const groups: number[] = new Array(edges.length).fill(-1);
  const found: number[] = new Array(edges.length).fill(-1);
  const low: number[] = [];
  const path: number[] = [];
  let [count, group] = [0, 0];
  for (const root of edges.keys()) {
    if (found[root] !== -1) continue;
    const turns: { readonly node: number; next: number }[] = [];
    const enter = (node: number) => {
      found[node] = low[node] = count++;
      path.push(node);
      turns.push({ node, next: 0 });
    };
    enter(root);
    for (let turn = turns.at(-1); turn !== undefined; turn = turns.at(-1)) {
      const { node } = turn;
      const other = edges[node]?.[turn.next++];
      if (other !== undefined) {
        if (found[other] === -1) enter(other);
        else if (groups[other] === -1) low[node] = Math.min(low[node] ?? 0, found[other] ?? 0);
        continue;
      }
      turns.pop();
      const parent = turns.at(-1)?.node;
      if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[node] ?? 0);
      if (low[node] !== found[node]) continue;
      for (let member = path.pop(); member !== undefined; member = path.pop()) {
        groups[member] = group;
        if (member === node) break;
      }
      group++;
    }
  }
  return groups;
}
