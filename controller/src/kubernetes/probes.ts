/**
 * A Pod's probes and hooks, led to its sidecar: a kubelet asks in plaintext from outside, where captured ports take the
 * mesh alone. `exec` needs no port; what names a host of its own is left as it is: that is no call of the Pod's address.
 */
import { PROBE_PORT, type Probe, type Probes } from "@regomesh/protocol";

const PROBES = ["startupProbe", "livenessProbe", "readinessProbe"] as const;
const HOOKS = ["postStart", "preStop"] as const;
/** What the API server puts where nothing is said. */
const PROBE_SECONDS = 1;
/** A hook has no time of its own: it may take what a Pod is given to end, or that. */
const HOOK_SECONDS = 30;

type PortRef = number | string;
type HttpGet = {
  readonly path?: string;
  readonly port: PortRef;
  readonly host?: string;
  readonly scheme?: string;
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
};
type ProbeSpec = {
  readonly httpGet?: HttpGet;
  readonly tcpSocket?: { readonly port: PortRef; readonly host?: string };
  readonly grpc?: { readonly port: number; readonly service?: string };
  readonly timeoutSeconds?: number;
};
export type ProbedContainer = {
  readonly name: string;
  readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  readonly lifecycle?: { readonly [hook in (typeof HOOKS)[number]]?: Pick<ProbeSpec, "httpGet"> };
} & { readonly [kind in (typeof PROBES)[number]]?: ProbeSpec };

export type LedProbes = {
  /** RFC 6902. */
  readonly patch: readonly object[];
  readonly probes: Probes;
};

/**
 * `place`: where the containers stand, such as `/spec/containers`; the first of them as number `from`. `endSeconds`:
 * what the Pod is given to end.
 */
export function leadProbes(
  containers: readonly ProbedContainer[],
  place: string,
  { from = 0, endSeconds = HOOK_SECONDS }: { readonly from?: number; readonly endSeconds?: number } = {},
): LedProbes {
  const probes = new Map<string, Probe>();
  const patch = containers.flatMap((container, at) => {
    const asked = [
      ...PROBES.map((name) => {
        const spec = container[name];
        return { name, where: name, spec, withinSeconds: spec?.timeoutSeconds ?? PROBE_SECONDS };
      }),
      ...HOOKS.map((name) => {
        // No kubelet does anything for a hook's tcpSocket.
        const { httpGet } = container.lifecycle?.[name] ?? {};
        const spec: ProbeSpec | undefined = httpGet && { httpGet };
        return { name, where: `lifecycle/${name}`, spec, withinSeconds: Math.max(endSeconds, 1) };
      }),
    ];
    return asked.flatMap(({ name, where, spec, withinSeconds }) => {
      const probe = spec && toProbe(spec, container, withinSeconds);
      if (probe === undefined) return [];
      const path = `/${container.name}/${name}`;
      probes.set(path, probe);
      const target = `${place}/${from + at}/${where}`;
      return [
        ...(probe.kind === "http" ? [] : [{ op: "remove", path: `${target}/${HANDLERS[probe.kind]}` }]),
        { op: "add", path: `${target}/httpGet`, value: { path, port: PROBE_PORT, scheme: "HTTP" } },
      ];
    });
  });
  return { patch, probes };
}

/** What stands in a probe that is no `httpGet` yet. */
const HANDLERS = { tcp: "tcpSocket", grpc: "grpc" } as const;

/** Undefined where it needs no port of the Pod, or names one that is not there: the kubelet says so then. */
function toProbe(
  { httpGet, tcpSocket, grpc }: ProbeSpec,
  container: ProbedContainer,
  withinSeconds: number,
): Probe | undefined {
  if (grpc !== undefined) return { kind: "grpc", port: grpc.port, service: grpc.service ?? "", withinSeconds };
  const asked = httpGet ?? tcpSocket;
  const port = numberOf(asked?.port, container);
  if (port === undefined || (asked?.host ?? "") !== "") return undefined;
  if (httpGet === undefined) return { kind: "tcp", port, withinSeconds };
  const { path = "/", scheme = "HTTP", httpHeaders = [] } = httpGet;
  const fields = httpHeaders.map(({ name, value }) => [name, value] as const);
  return { kind: "http", port, path, isTls: scheme === "HTTPS", fields, withinSeconds };
}

/** As the kubelet reads it: a text is a port's name, or a number after all. */
function numberOf(port: PortRef | undefined, { ports = [] }: ProbedContainer): number | undefined {
  if (typeof port !== "string") return port;
  const named = ports.find(({ name }) => name === port)?.containerPort;
  return named ?? (/^\d{1,5}$/.test(port) ? Number(port) : undefined);
}
