/**
 * Backpressure: much content through two sidecars, mutual TLS between them, to a receiver
 * that takes it slowly. Whoever holds content back in memory shows it in the peak.
 */
import { openMeshPair } from "../stand/mesh-pair.ts";
import { forgetPeak, readMemory } from "./memory.ts";
import { askShort, download, openApplication, upload, wanted } from "./transfer.ts";

export type SoakOptions = { readonly bytes: number; readonly bytesPerSecond: number };

export type Soaked = {
  readonly proxy: "web" | "orders";
  readonly direction: "up" | "down";
  readonly warmBytes: number;
  /** The most that was resident while the content passed, above the warm state. */
  readonly aboveBytes: number;
  readonly seconds: number;
};

/** Requests after which a sidecar is warm. */
const WARM_REQUESTS = 2000;
const HOUR_MS = 3_600_000;

/** Throws where content arrives otherwise than it was sent. */
export async function soak({ bytes, bytesPerSecond }: SoakOptions): Promise<readonly Soaked[]> {
  await using stack = new AsyncDisposableStack();
  const application = await openApplication(bytesPerSecond);
  stack.defer(() => application.close());
  const pair = stack.use(await openMeshPair(application.port, { requestTimeoutMs: HOUR_MS }));
  const { outbound } = pair.web;
  const expected = wanted(bytes);
  await askShort(outbound, WARM_REQUESTS);
  const soaked: Soaked[] = [];
  for (const direction of ["up", "down"] as const) {
    const before = (["web", "orders"] as const).map((proxy) => {
      const { pid } = pair[proxy];
      forgetPeak(pid);
      return { proxy, pid, warmBytes: readMemory(pid).nowBytes };
    });
    const beganMs = performance.now();
    const arrived =
      direction === "up" ? await upload(outbound, bytes) : await download(outbound, bytes, bytesPerSecond);
    const seconds = (performance.now() - beganMs) / 1000;
    if (arrived.bytes !== expected.bytes || arrived.sha256 !== expected.sha256) {
      throw new Error(`${direction}: of ${bytes} bytes ${arrived.bytes} arrived, or others than were sent`);
    }
    for (const { proxy, pid, warmBytes } of before) {
      soaked.push({ proxy, direction, warmBytes, aboveBytes: readMemory(pid).peakBytes - warmBytes, seconds });
    }
  }
  await askShort(outbound, 1);
  return soaked;
}
