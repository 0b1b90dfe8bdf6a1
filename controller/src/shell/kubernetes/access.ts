/**
 * Where the API server is and by what it is spoken to: a kubeconfig's current context, or the ServiceAccount of
 * the Pod that this runs in. Read by client-node, which knows every way in which a kubeconfig says it; loaded
 * only where there is a cluster.
 */

import type { SecureClientSessionOptions } from "node:http2";
import type { RequestOptions } from "node:https";

export type Access = {
  /** `https://HOST:PORT`, and the path below which the API is; "" for none. */
  readonly origin: string;
  readonly basePath: string;
  readonly tls: SecureClientSessionOptions;
  /** Fresh for each request: tokens of ServiceAccounts are renewed on disk. */
  headers(): Promise<Readonly<Record<string, string>>>;
};

export type AccessOptions = {
  /** A file; absent: `$KUBECONFIG`, the user's, or the Pod's own. */
  readonly kubeconfig?: string;
  readonly context?: string;
};

/** Throws Error with a sentence for people where there is none. */
export async function openAccess({ kubeconfig, context }: AccessOptions): Promise<Access> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  if (kubeconfig === undefined) config.loadFromDefault();
  else config.loadFromFile(kubeconfig);
  if (context !== undefined) {
    if (config.getContextObject(context) === null)
      throw new Error(
        `the kubeconfig has no context ${context}; it has ${config.contexts.map(({ name }) => name).join(", ")}`,
      );
    config.setCurrentContext(context);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error("the kubeconfig names no cluster in its current context");
  const { origin, pathname } = new URL(cluster.server);
  if (cluster.proxyUrl !== undefined) throw new Error("a kubeconfig's proxy-url is not followed");
  const first = await optionsOf(config);
  const { ca, cert, key, passphrase, rejectUnauthorized, servername } = first;
  return {
    origin,
    basePath: pathname.replace(/\/$/, ""),
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
      ...(rejectUnauthorized === undefined ? {} : { rejectUnauthorized }),
      ...(servername === undefined ? {} : { servername }),
    },
    async headers() {
      const { headers = {}, auth } = await optionsOf(config);
      const basic = auth == null ? {} : { authorization: `Basic ${Buffer.from(auth).toString("base64")}` };
      const named = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]);
      return { ...basic, ...(Object.fromEntries(named) as Record<string, string>) };
    },
  };
}

async function optionsOf(config: {
  applyToHTTPSOptions(options: RequestOptions): Promise<void>;
}): Promise<RequestOptions> {
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  return options;
}
