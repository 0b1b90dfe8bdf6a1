/** A sidecar in a process of its own that is handed snapshots by its parent: what it serves, it serves as any other. */
import { openProxy } from "@regomesh/proxy";
import type { SidecarAnswer, SidecarAsk } from "./sidecar.ts";

const tell = (answer: SidecarAnswer): void => void process.send?.(answer);
const sidecar = await openProxy({
  log: { log: () => {} },
  workload: undefined,
  namespace: "default",
  appPort: undefined,
  edge: undefined,
  outboundPort: 0,
  accessLog: undefined,
  isMetricsOpen: true,
  workers: 1,
  state: undefined,
});

process.on("message", ({ file }: SidecarAsk) => {
  const began = performance.now();
  const turns = watchTurns();
  sidecar.applyFile(file).then(
    () => {
      const ms = performance.now() - began;
      const { inbound, admin } = sidecar.addresses;
      const ports = { inbound: inbound["http"]?.port ?? 0, admin: admin.port };
      // What was begun in the last turn is over in the next.
      setImmediate(() => tell({ kind: "applied", ms, longestTurnMs: turns(), ...ports }));
    },
    (error: unknown) => tell({ kind: "failed", message: (error as Error).message }),
  );
});
/** Until its result is called: how long the event loop's longest turn takes, for which a request may have to wait. */
function watchTurns(): () => number {
  let longestMs = 0;
  let beganMs = performance.now();
  let isOver = false;
  const turn = (): void => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - beganMs);
    beganMs = nowMs;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  return () => {
    isOver = true;
    turn();
    return longestMs;
  };
}

process.on("disconnect", () => process.exit());
tell({ kind: "ready" });
