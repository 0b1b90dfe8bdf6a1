/** HAProxy as one hop, with the same fields added as every other. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Hop } from "./hop.ts";
import { spiffeIdOf } from "./identities.ts";
import { openPeer, type PeerProcess } from "./peer-process.ts";
import type { Tools } from "./tools.ts";

export async function openHaproxy(tools: Tools, program: string, hop: Hop): Promise<PeerProcess> {
  const { folder, name, cores, workers, port, listens, upstream } = hop;
  const path = join(folder, `${name}.cfg`);
  const speaks = (spoken: Hop["listens"]): string => (spoken === "http1" ? "" : " proto h2");
  writeFileSync(
    path,
    `global
  maxconn 4096
  nbthread ${workers}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend f
  bind 127.0.0.1:${port}${speaks(listens)}
  http-request set-header X-Request-Id %[uuid()]
  http-request set-header traceparent 00-0123456789abcdef%[rand(2147483647),hex]-0123456789abcdef-01
  http-request set-header X-Forwarded-Client-Cert By=${spiffeIdOf("svc")}
  default_backend b
backend b
  server s 127.0.0.1:${upstream.port}${speaks(upstream.speaks)}
`,
  );
  return await openPeer(tools, { command: [program, "-db", "-f", path], cores, port });
}
