/** nginx: the yardstick, the upstream of every proxy, and what counts the requests that came through. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Hop, TlsFiles } from "./hop.ts";
import { spiffeIdOf } from "./identities.ts";
import { openPeer, type PeerProcess } from "./peer-process.ts";
import type { Tools } from "./tools.ts";

const STATUS_PATH = "/status";
const KIBIBYTE = "x".repeat(1024);
const LARGE_BYTES = 1024 * 1024;
/** A message of gRPC of 1 KiB: not compressed, its length, its bytes. */
const MESSAGE = Buffer.concat([Buffer.from([0, 0, 0, 4, 0]), Buffer.from(KIBIBYTE)]);

export type Upstream = { readonly ports: Readonly<Record<Hop["listens"], number>>; passed(): Promise<number> };

/** Answers with a kibibyte, at a path that ends in `large` with a mebibyte, and a call of gRPC with a message of 1 KiB. */
export async function openUpstream(
  tools: Tools,
  options: {
    readonly folder: string;
    readonly cores: string;
    readonly stack: AsyncDisposableStack;
    readonly ports: Upstream["ports"];
  },
): Promise<Upstream> {
  const { folder, ports } = options;
  const content = join(folder, "content");
  mkdirSync(content);
  writeFileSync(join(content, "large"), Buffer.alloc(LARGE_BYTES, "x"));
  writeFileSync(join(content, "message"), MESSAGE);
  const places = `root ${content}; location / { default_type text/plain; return 200 "${KIBIBYTE}"; }
    location ~ large$ { default_type text/plain; try_files /large =404; }
    location = ${STATUS_PATH} { stub_status; }`;
  const servers = `open_file_cache max=10; sendfile on;
  server { listen 127.0.0.1:${ports.http1}; ${places} }
  server { listen 127.0.0.1:${ports.http2} http2; ${places} }
  server { listen 127.0.0.1:${ports.grpc} http2; root ${content}; error_page 405 =200 /message;
    location / { try_files /message =404; } location = /message { default_type application/grpc; add_trailer grpc-status 0; } }`;
  options.stack.use(
    await openConfigured(tools, {
      folder,
      name: "upstream",
      cores: options.cores,
      workers: 1,
      servers,
      port: ports.http1,
    }),
  );
  return { ports, passed: () => requestsAt(ports.http1) };
}

/** Requests that the upstream has had so far. */
async function requestsAt(port: number): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${port}${STATUS_PATH}`);
  // server accepts handled requests\n n n n
  const numbers = /(\d+)\s+(\d+)\s+(\d+)/.exec(await response.text());
  if (numbers === null) throw new Error(`nginx says ${response.status} to ${STATUS_PATH}`);
  return Number(numbers[3]);
}

export async function openNginx(tools: Tools, hop: Hop): Promise<PeerProcess> {
  const { upstream, downstreamTls, upstreamTls } = hop;
  const listen = `${hop.port}${hop.listens === "http1" ? "" : " http2"}${downstreamTls === undefined ? "" : " ssl"}`;
  const isOverHttp1 = upstream.speaks === "http1";
  const scheme = isOverHttp1 ? "http" : "grpc";
  const word = isOverHttp1 ? "proxy" : "grpc";
  const added = Object.entries({
    Host: "$http_host",
    "X-Request-Id": "$request_id",
    traceparent: "00-$request_id-0123456789abcdef-01",
    ...(upstreamTls === undefined ? { "X-Forwarded-Client-Cert": `By=${spiffeIdOf("svc")}` } : {}),
  })
    .filter(([name]) => isOverHttp1 || name !== "Host")
    .map(([name, value]) => `${word}_set_header ${name} "${value}";`);
  const servers = `upstream u { server 127.0.0.1:${upstream.port}; keepalive 128; keepalive_requests 100000000; }
  server { listen 127.0.0.1:${listen}; ${downstreamTls === undefined ? "" : serverTls(downstreamTls)}
    location / { ${word}_pass ${scheme}${upstreamTls === undefined ? "" : "s"}://u; ${added.join("\n")}
      ${isOverHttp1 ? 'proxy_http_version 1.1; proxy_set_header Connection "";' : ""}
      ${upstreamTls === undefined ? "" : clientTls(word, upstreamTls)} } }`;
  return await openConfigured(tools, { ...hop, servers });
}

function serverTls({ certificate, key, authority }: TlsFiles): string {
  return `ssl_protocols TLSv1.3; ssl_verify_client on; ssl_certificate ${certificate}; ssl_certificate_key ${key};
    ssl_client_certificate ${authority};`;
}

function clientTls(word: string, { certificate, key }: TlsFiles): string {
  return `${word}_ssl_protocols TLSv1.3; ${word}_ssl_certificate ${certificate}; ${word}_ssl_certificate_key ${key};`;
}

type Configured = Pick<Hop, "folder" | "name" | "cores" | "workers" | "port"> & { readonly servers: string };

/** One process where one worker is asked for: there is no master to count then. */
async function openConfigured(
  tools: Tools,
  { folder, name, cores, workers, port, servers }: Configured,
): Promise<PeerProcess> {
  const path = join(folder, `${name}.conf`);
  const processes = workers === 1 ? "master_process off;" : `worker_processes ${workers};`;
  const user = workers === 1 ? "" : "user root;";
  writeFileSync(
    path,
    `daemon off; ${processes} ${user} pid ${folder}/${name}.pid; error_log ${folder}/${name}.error;
worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 100000000; http2_max_requests 100000000; tcp_nodelay on;
  proxy_max_temp_file_size 0;
  client_body_temp_path ${folder}/${name}.body; proxy_temp_path ${folder}/${name}.proxy;
  ${servers}
}
`,
  );
  return await openPeer(tools, { command: [tools.nginx, "-c", path, "-p", folder], cores, port });
}
