/**
 * A Pod's probes, led to its sidecar: a kubelet asks in plaintext from outside, where captured ports take the mesh
 * alone. `exec` needs no port, and `grpc` is left as it is: its port has to be excluded from capture.
 */
import { PROBE_PORT, type Probe, type Probes } from "@regomesh/protocol";

const KINDS = ["startupProbe", "livenessProbe", "readinessProbe"] as const;

type PortRef = number | string;
type ProbeSpec = {
  readonly httpGet?: {
    readonly path?: string;
    readonly port: PortRef;
    readonly scheme?: string;
    readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
  };
  readonly tcpSocket?: { readonly port: PortRef };
};
export type ProbedContainer = {
  readonly name: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
} & { readonly [kind in (typeof KINDS)[number]]?: ProbeSpec };

export type LedProbes = {
  /** RFC 6902. */
  readonly patch: readonly object[];
  readonly probes: Probes;
};

/** `place`: where the containers stand, `/spec/containers`. */
export function leadProbes(containers: readonly ProbedContainer[], place: string): LedProbes {
  const probes = new Map<string, Probe>();
  const patch = containers.flatMap((container, at) =>
    KINDS.flatMap((kind) => {
      const spec = container[kind];
      const probe = spec && toProbe(spec, container);
      if (probe === undefined) return [];
      const path = `/${container.name}/${kind}`;
      probes.set(path, probe);
      const where = `${place}/${at}/${kind}`;
      return [
        ...(spec?.tcpSocket === undefined ? [] : [{ op: "remove", path: `${where}/tcpSocket` }]),
        { op: "add", path: `${where}/httpGet`, value: { path, port: PROBE_PORT, scheme: "HTTP" } },
      ];
    }),
  );
  return { patch, probes };
}

/** Undefined where it needs no port, or names one that is not there: the kubelet says so then. */
function toProbe({ httpGet, tcpSocket }: ProbeSpec, container: ProbedContainer): Probe | undefined {
  const port = numberOf(httpGet?.port ?? tcpSocket?.port, container);
  if (port === undefined) return undefined;
  if (httpGet === undefined) return { kind: "tcp", port };
  const { path = "/", scheme = "HTTP", httpHeaders = [] } = httpGet;
  const fields = httpHeaders.map(({ name, value }) => [name, value] as const);
  return { kind: "http", port, path, isTls: scheme === "HTTPS", fields };
}

function numberOf(port: PortRef | undefined, { ports = [] }: ProbedContainer): number | undefined {
  if (typeof port !== "string") return port;
  return ports.find(({ name }) => name === port)?.containerPort;
}
