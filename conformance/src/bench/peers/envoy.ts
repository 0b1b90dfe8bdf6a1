/** Envoy as one hop: bare, with its access log and RBAC filter, or asking OPA for each request. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { FIELDS } from "../load/load.ts";
import type { Hop, TlsFiles } from "./hop.ts";
import { openPeer, type PeerProcess } from "./peer-process.ts";
import type { Tools } from "./tools.ts";

/** `rbac`: who may call what, as in policy.ts; `opa`: the port of opa-envoy-plugin. Both write an access log. */
export type Authorization = { readonly kind: "rbac" } | { readonly kind: "opa"; readonly port: number };

const EXTENSIONS = "type.googleapis.com/envoy.extensions";

export async function openEnvoy(
  tools: Tools,
  program: string,
  hop: Hop,
  authorization?: Authorization,
): Promise<PeerProcess> {
  const path = join(hop.folder, `${hop.name}.json`);
  writeFileSync(path, JSON.stringify(configOf(hop, authorization)));
  const flags = ["--concurrency", String(hop.workers), "--use-dynamic-base-id", "--log-level", "error"];
  return await openPeer(tools, { command: [program, "-c", path, ...flags], cores: hop.cores, port: hop.port });
}

function configOf(hop: Hop, authorization: Authorization | undefined): object {
  const { upstream, upstreamTls, downstreamTls } = hop;
  const opa = authorization?.kind === "opa" ? [clusterOf("opa", authorization.port, true)] : [];
  return {
    static_resources: {
      listeners: [
        {
          name: "l",
          address: addressOf(hop.port),
          filter_chains: [
            {
              filters: [typed("envoy.filters.network.http_connection_manager", managerOf(hop, authorization))],
              ...(downstreamTls === undefined ? {} : { transport_socket: serverTls(downstreamTls) }),
            },
          ],
        },
      ],
      clusters: [clusterOf("u", upstream.port, upstream.speaks !== "http1", upstreamTls), ...opa],
    },
  };
}

function managerOf({ folder, name }: Hop, authorization: Authorization | undefined): object {
  const routes = [{ match: { prefix: "/" }, route: { cluster: "u", timeout: "15s" } }];
  return {
    "@type": `${EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: "h",
    route_config: { virtual_hosts: [{ name: "all", domains: ["*"], routes }] },
    http_filters: [
      ...(authorization === undefined ? [] : [filterOf(authorization)]),
      typed("envoy.filters.http.router", { "@type": `${EXTENSIONS}.filters.http.router.v3.Router` }),
    ],
    ...(authorization === undefined ? {} : { access_log: [logTo(join(folder, `${name}.log`))] }),
  };
}

function logTo(path: string): object {
  const names = {
    time: "START_TIME",
    method: "REQ(:METHOD)",
    path: "REQ(:PATH)",
    status: "RESPONSE_CODE",
    duration: "DURATION",
    id: "REQ(X-REQUEST-ID)",
    authority: "REQ(:AUTHORITY)",
    upstream: "UPSTREAM_HOST",
  };
  const json = Object.fromEntries(Object.entries(names).map(([name, value]) => [name, `%${value}%`]));
  return typed("envoy.access_loggers.file", {
    "@type": `${EXTENSIONS}.access_loggers.file.v3.FileAccessLog`,
    path,
    log_format: { json_format: json },
  });
}

function filterOf(authorization: Authorization): object {
  if (authorization.kind === "opa")
    return typed("envoy.filters.http.ext_authz", {
      "@type": `${EXTENSIONS}.filters.http.ext_authz.v3.ExtAuthz`,
      transport_api_version: "V3",
      grpc_service: { envoy_grpc: { cluster_name: "opa" }, timeout: "5s" },
    });
  const header = (name: string, exact: string) => ({ header: { name, string_match: { exact } } });
  const methods = ["GET", "POST"].map((method) => header(":method", method));
  const path = { url_path: { path: { prefix: "/api/orders" } } };
  const who = ["Authorization", "X-Tenant"].map((name) => header(name.toLowerCase(), FIELDS[name] ?? ""));
  return typed("envoy.filters.http.rbac", {
    "@type": `${EXTENSIONS}.filters.http.rbac.v3.RBAC`,
    rules: {
      action: "ALLOW",
      policies: {
        orders: {
          permissions: [{ and_rules: { rules: [{ or_rules: { rules: methods } }, path] } }],
          principals: [{ and_ids: { ids: who } }],
        },
      },
    },
  });
}

function clusterOf(name: string, port: number, isHttp2: boolean, tls?: TlsFiles): object {
  const options = {
    "@type": `${EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions`,
    explicit_http_config: isHttp2 ? { http2_protocol_options: {} } : { http_protocol_options: {} },
  };
  return {
    name,
    type: "STATIC",
    connect_timeout: "5s",
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: addressOf(port) } }] }],
    },
    typed_extension_protocol_options: { "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": options },
    ...(tls === undefined ? {} : { transport_socket: clientTls(tls) }),
  };
}

function commonTls({ certificate, key, authority }: TlsFiles): object {
  return {
    tls_params: { tls_minimum_protocol_version: "TLSv1_3", tls_maximum_protocol_version: "TLSv1_3" },
    tls_certificates: [{ certificate_chain: { filename: certificate }, private_key: { filename: key } }],
    validation_context: { trusted_ca: { filename: authority } },
    alpn_protocols: ["h2"],
  };
}

function serverTls(files: TlsFiles): object {
  return typed("envoy.transport_sockets.tls", {
    "@type": `${EXTENSIONS}.transport_sockets.tls.v3.DownstreamTlsContext`,
    require_client_certificate: true,
    common_tls_context: commonTls(files),
  });
}

function clientTls(files: TlsFiles): object {
  return typed("envoy.transport_sockets.tls", {
    "@type": `${EXTENSIONS}.transport_sockets.tls.v3.UpstreamTlsContext`,
    common_tls_context: commonTls(files),
  });
}

function typed(name: string, config: object): object {
  return { name, typed_config: config };
}

function addressOf(port: number): object {
  return { socket_address: { address: "127.0.0.1", port_value: port } };
}
