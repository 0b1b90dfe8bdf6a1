/** A sidecar in plaintext, before an application that answers everything, for what asks a listener. */
import { createServer } from "node:http";
import { SILENT } from "@regomesh/base";
import { makeSnapshotFile } from "@regomesh/protocol";
import { openProxy } from "@regomesh/proxy";
import { makeSnapshot, makeWorkload } from "@regomesh/proxy/test";

export async function serveSidecar(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const application = createServer((request, response) => {
    request.resume().on("end", () => response.end("an answer of more than one frame's least"));
  });
  await new Promise<void>((resolve) => application.listen(0, "127.0.0.1", resolve));
  const address = application.address();
  const sidecar = await openProxy({
    log: SILENT,
    workload: undefined,
    namespace: "default",
    appPort: typeof address === "object" ? (address?.port ?? 0) : 0,
    edge: undefined,
    outboundPort: 0,
    accessLog: undefined,
    workers: 1,
    state: undefined,
  });
  await sidecar.applyFile(makeSnapshotFile(makeSnapshot(makeWorkload()), [], []));
  return {
    port: sidecar.addresses.inbound["http"]?.port ?? 0,
    async close() {
      await sidecar.close();
      application.close();
      application.closeAllConnections();
    },
  };
}
