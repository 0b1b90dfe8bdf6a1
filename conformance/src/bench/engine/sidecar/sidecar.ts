/** A real sidecar as a process of its own, and what its own histogram says of its decisions. */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { SnapshotFile } from "@regomesh/protocol";

export type SidecarAsk = { readonly file: SnapshotFile };
export type SidecarAnswer =
  | { readonly kind: "ready" }
  | ({ readonly kind: "applied"; readonly inbound: number; readonly admin: number } & Applied)
  | { readonly kind: "failed"; readonly message: string };

/** How long it took until a snapshot was in force, and how long the thread that serves was held up at most. */
export type Applied = { readonly ms: number; readonly longestTurnMs: number };

export type BenchSidecar = {
  readonly inbound: number;
  apply(file: SnapshotFile): Promise<Applied>;
  /** How many decisions took no longer than each bound (in microseconds), since the start. */
  decisions(): Promise<Histogram>;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Counts up to each bound. */
export type Histogram = ReadonlyMap<number, number>;

/** Those flags of the command's own launcher that bear on speed (cli/bin/regomesh.mjs); its settings of malloc are not here. */
const FLAGS = ["--no-parallel-scavenge", "--max-semi-space-size=8", "--max-inlined-bytecode-size-cumulative=2000"];

export async function openSidecar(first: SnapshotFile): Promise<BenchSidecar> {
  const child = fork(new URL("./sidecar-main.ts", import.meta.url), [], {
    execArgv: [...FLAGS, "--expose-gc", "--disable-warning=ExperimentalWarning"],
    serialization: "advanced",
  });
  const next = async (): Promise<SidecarAnswer> => {
    const [answer] = (await once(child, "message")) as [SidecarAnswer];
    return answer;
  };
  await next();
  const apply = async (file: SnapshotFile) => {
    child.send({ file } satisfies SidecarAsk);
    const answer = await next();
    if (answer.kind !== "applied") throw new Error(answer.kind === "failed" ? answer.message : "the sidecar is lost");
    return answer;
  };
  const { inbound, admin } = await apply(first);
  return {
    inbound,
    apply,
    decisions: () => readHistogram(admin),
    [Symbol.asyncDispose]: async () => {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

const BUCKET = /^regomesh_policy_duration_seconds_bucket\{(?:[^}]*,)?le="([^"]+)"[^}]*\} (\d+)$/gm;

async function readHistogram(admin: number): Promise<Histogram> {
  const text = await (await fetch(`http://127.0.0.1:${admin}/metrics`)).text();
  const found = [...text.matchAll(BUCKET)].map(
    ([, bound, count]) => [bound === "+Inf" ? Number.POSITIVE_INFINITY : Number(bound) * 1e6, Number(count)] as const,
  );
  if (found.length === 0) throw new Error("the sidecar tells no histogram of its decisions");
  return new Map(found);
}

/** Where the share `q` of the decisions between two readings lies, in microseconds: within its bucket, evenly spread. */
export function quantileUs(before: Histogram, after: Histogram, q: number): number {
  const counts = [...after].map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const);
  const wanted = (counts.at(-1)?.[1] ?? 0) * q;
  let [low, seen] = [0, 0];
  for (const [bound, count] of counts) {
    if (count >= wanted && count > seen) return low + ((bound - low) * (wanted - seen)) / (count - seen);
    [low, seen] = [bound, count];
  }
  return Number.NaN;
}
