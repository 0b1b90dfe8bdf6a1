/** The request that an opa-envoy-plugin input describes, as the bytes and facts that a proxy has of it. */
import type { ConnectionContext } from "@regomesh/policy-runtime";

type Http = {
  readonly method?: string;
  readonly path?: string;
  readonly host?: string;
  readonly scheme?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly rawBody?: string;
};
type Input = {
  readonly attributes?: {
    readonly source?: { readonly principal?: string };
    readonly request?: { readonly http?: Http };
  };
  readonly parsed_body?: unknown;
};

export type RawRequest = { readonly head: Uint8Array; readonly context: ConnectionContext };

/** Undefined where the input is no HTTP request, or one with a body. */
export function requestOf(input: unknown): RawRequest | undefined {
  const { attributes, parsed_body: parsedBody } = (input ?? {}) as Input;
  const http = attributes?.request?.http;
  if (http?.method === undefined || http.body !== undefined || http.rawBody !== undefined) return undefined;
  if (parsedBody !== undefined && parsedBody !== null) return undefined;
  const fields = Object.entries(http.headers ?? {}).filter(([name]) => !name.startsWith(":"));
  const lines = [["host", http.host ?? "svc"] as const, ...fields].map(([name, value]) => `${name}: ${value}\r\n`);
  const principal = attributes?.source?.principal;
  return {
    head: Buffer.from(`${http.method} ${http.path ?? "/"} HTTP/1.1\r\n${lines.join("")}\r\n`),
    context: {
      scheme: http.scheme === "https" ? "https" : "http",
      principal,
      trustDomain: principal?.split("/")[2],
      namespace: undefined,
      serviceAccount: undefined,
      ...{ sourceAddress: "127.0.0.1", sourcePort: 1, destinationAddress: "127.0.0.1", destinationPort: 2 },
      destinationPrincipal: undefined,
    },
  };
}
