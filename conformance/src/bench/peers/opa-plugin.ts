/** opa-envoy-plugin beside an Envoy: the same policy as ours, asked over gRPC for each request. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "@regomesh/cli";
import { openPeer, type PeerProcess } from "./peer-process.ts";
import { BENCH_REGO } from "./policy.ts";
import type { Tools } from "./tools.ts";

export async function openOpaPlugin(
  tools: Tools,
  program: string,
  options: { readonly folder: string; readonly name: string; readonly cores: string },
): Promise<PeerProcess & { readonly port: number }> {
  const path = join(options.folder, `${options.name}.rego`);
  writeFileSync(path, BENCH_REGO);
  const [port, api, diagnostics] = [await freePort(), await freePort(), await freePort()];
  const plugin = "plugins.envoy_ext_authz_grpc";
  const command = [
    program,
    "run",
    "--server",
    `--addr=127.0.0.1:${api}`,
    `--diagnostic-addr=127.0.0.1:${diagnostics}`,
    "--disable-telemetry",
    "--log-level=error",
    `--set=${plugin}.addr=127.0.0.1:${port}`,
    `--set=${plugin}.path=mesh/authz/allow`,
    path,
  ];
  // As many threads as cores that it is given: otherwise Go takes the machine's.
  const threads = String(options.cores.split(",").length);
  const opened = await openPeer(tools, { command, cores: options.cores, port, env: { GOMAXPROCS: threads } });
  return { ...opened, port };
}
