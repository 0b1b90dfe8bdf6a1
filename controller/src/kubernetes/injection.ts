/**
 * What a Pod is given when it joins the mesh: the proxy as a native sidecar (an init container that goes on), which
 * is there before the application and ends after it, a token of its ServiceAccount to join by, and a place for what
 * the proxy keeps. Before it an init container has the kernel lead the Pod's traffic through it; where that may not
 * be, or is not wanted, the application is told of the proxy. A Pod that has the proxy already is left as it is.
 */

import { OUTBOUND_PORT, PROBE_PORT, PROXY_UID, type Probes, printProbes } from "@regomesh/protocol";
import type { ClusterObject } from "./cluster-object.ts";
import { PROXY_CONTAINER } from "./mesh-objects.ts";
import type { Container, PodSpec } from "./pod-spec.ts";
import { leadProbes } from "./probes.ts";
import { captureFaults, captureWarnings, EXCEPTION_FLAGS, exceptionsOf, probeFaults } from "./uncapturable.ts";

export type InjectionOptions = {
  readonly image: string;
  /** `HOST:PORT` of the controller, as Pods reach it. */
  readonly controller: string;
  /** The mesh's root, PEM. */
  readonly trustBundlePem: string;
};

const CAPTURE_CONTAINER = "regomesh-capture";
/** For whom the tokens are by which Pods join: no other token of a ServiceAccount lets anybody in. */
export const TOKEN_AUDIENCE = "regomesh";
const TRUST_BUNDLE_ANNOTATION = "regomesh.dev/trust-bundle";
const INJECTED_ANNOTATION = "regomesh.dev/injected";
const TOKEN_SECONDS = 3600;
const JOIN_PLACE = "/var/run/regomesh";
const STATE_PLACE = "/var/lib/regomesh";
/** Where a kubelet asks whether the proxy is there. */
const ADMIN_PORT = 15_021;

/** `disabled`: the application is told of the proxy (HTTP_PROXY), and may go round it. */
const CAPTURE_ANNOTATION = "regomesh.dev/capture";
/** Names are asked for by TCP where an answer is long; that is no request that anybody decides about. */
const DNS_PORT = "53";

const IS_READY = `fetch("http://127.0.0.1:${ADMIN_PORT}/readyz").then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))`;

export type Injection = {
  /** RFC 6902; empty where nothing is to be done. */
  readonly patch: readonly object[];
  /** Why the Pod must not be let in, each with the way out: it would be of the mesh by its word alone. */
  readonly faults: readonly string[];
  readonly warnings: readonly string[];
};

export function toInjection(pod: ClusterObject, options: InjectionOptions): Injection {
  const spec = (pod.spec ?? {}) as PodSpec;
  const { initContainers = [], containers = [] } = spec;
  if ([...initContainers, ...containers].some(({ name }) => name === PROXY_CONTAINER)) return NOTHING;
  const isCaptured = spec.hostNetwork !== true && pod.metadata.annotations?.[CAPTURE_ANNOTATION] !== "disabled";
  if (!isCaptured) {
    const told = containers.flatMap((container, at) => toProxyEnvironment(container, at));
    return { ...NOTHING, patch: [...toAdditions(pod, spec, [proxyContainer(options, undefined)], options), ...told] };
  }
  const first = [captureContainer(pod, options)];
  const endSeconds = spec.terminationGracePeriodSeconds;
  const ends = endSeconds === undefined ? {} : { endSeconds };
  const led = [
    // Behind ours, which come first.
    leadProbes(initContainers, "/spec/initContainers", { from: first.length + 1, ...ends }),
    leadProbes(containers, "/spec/containers", ends),
  ];
  const probes = new Map(led.flatMap((each) => [...each.probes]));
  const own = [...first, proxyContainer(options, probes)];
  return {
    patch: [...toAdditions(pod, spec, own, options), ...led.flatMap(({ patch }) => patch)],
    faults: [...captureFaults(pod, spec), ...probeFaults(probes)],
    warnings: captureWarnings(spec),
  };
}

const NOTHING: Injection = { patch: [], faults: [], warnings: [] };

/** What every Pod of the mesh gets. `own`: before its own init containers, in that order. */
function toAdditions(
  pod: ClusterObject,
  { initContainers, volumes }: PodSpec,
  own: readonly object[],
  options: InjectionOptions,
): readonly object[] {
  const added = [joinVolume(), stateVolume()];
  return [
    ...toAnnotations(pod, options),
    // First of all: what comes after it may call the mesh.
    ...(initContainers === undefined ? [{ op: "add", path: "/spec/initContainers", value: [] }] : []),
    ...own.map((value, at) => ({ op: "add", path: `/spec/initContainers/${at}`, value })),
    ...(volumes === undefined
      ? [{ op: "add", path: "/spec/volumes", value: added }]
      : added.map((value) => ({ op: "add", path: "/spec/volumes/-", value }))),
  ];
}

function toAnnotations({ metadata }: ClusterObject, { trustBundlePem }: InjectionOptions): readonly object[] {
  const added = { [INJECTED_ANNOTATION]: "true", [TRUST_BUNDLE_ANNOTATION]: trustBundlePem };
  return [{ op: "add", path: "/metadata/annotations", value: { ...metadata.annotations, ...added } }];
}

/** Explicit capture: what the application asks for by http goes to the proxy. What it says itself stays. */
function toProxyEnvironment({ env }: Container, at: number): readonly object[] {
  const wanted = [
    { name: "HTTP_PROXY", value: `http://127.0.0.1:${OUTBOUND_PORT}` },
    { name: "http_proxy", value: `http://127.0.0.1:${OUTBOUND_PORT}` },
    { name: "NODE_USE_ENV_PROXY", value: "1" },
  ].filter(({ name }) => env?.some((each) => each.name === name) !== true);
  if (env === undefined) return [{ op: "add", path: `/spec/containers/${at}/env`, value: wanted }];
  return wanted.map((value) => ({ op: "add", path: `/spec/containers/${at}/env/-`, value }));
}

/** Ends before anything else of the Pod begins; where it fails, nothing does. */
function captureContainer({ metadata: { annotations = {} } }: ClusterObject, { image }: InjectionOptions): object {
  const exceptions = EXCEPTION_FLAGS.flatMap((flag) => {
    const said = exceptionsOf(annotations, flag);
    return said.length === 0 ? [] : [`--${flag}`, said.join(",")];
  });
  return {
    name: CAPTURE_CONTAINER,
    image,
    args: [
      ...["capture", "--uid", String(PROXY_UID), "--exclude-outbound-port", DNS_PORT],
      ...["--exclude-inbound-port", String(PROBE_PORT), ...exceptions],
    ],
    resources: { requests: { cpu: "10m", memory: "64Mi" } },
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
}

/** `probes`: of a Pod that is captured. */
function proxyContainer({ image, controller }: InjectionOptions, probes: Probes | undefined): object {
  const field = (name: string, fieldPath: string) => ({ name, valueFrom: { fieldRef: { fieldPath } } });
  return {
    name: PROXY_CONTAINER,
    image,
    restartPolicy: "Always",
    args: [
      ...["proxy", "--controller", controller, "--workload", "$(POD_NAME)", "--namespace", "$(POD_NAMESPACE)"],
      ...["--join-token-file", JOIN_PLACE, "--state", STATE_PLACE],
      ...["--outbound", String(OUTBOUND_PORT), "--admin", `127.0.0.1:${ADMIN_PORT}`],
      ...(probes === undefined ? [] : ["--capture", "--probes", toArgument(printProbes(probes))]),
    ],
    env: [field("POD_NAME", "metadata.name"), field("POD_NAMESPACE", "metadata.namespace")],
    // Asked inside the Pod: the admin address is loopback's alone.
    startupProbe: {
      exec: { command: ["node", "-e", IS_READY] },
      periodSeconds: 1,
      failureThreshold: 60,
    },
    resources: { requests: { cpu: "10m", memory: "64Mi" } },
    securityContext: {
      runAsUser: PROXY_UID,
      runAsGroup: PROXY_UID,
      runAsNonRoot: true,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
    volumeMounts: [
      { name: "regomesh-join", mountPath: JOIN_PLACE, readOnly: true },
      { name: "regomesh-state", mountPath: STATE_PLACE },
    ],
  };
}

/** JSON in which a kubelet finds no `$(NAME)` to put something else for. */
function toArgument(json: string): string {
  return json.replaceAll("$", "\\u0024");
}

function joinVolume(): object {
  return {
    name: "regomesh-join",
    projected: {
      defaultMode: 0o444,
      sources: [
        { serviceAccountToken: { audience: TOKEN_AUDIENCE, expirationSeconds: TOKEN_SECONDS, path: "token" } },
        {
          downwardAPI: {
            items: [{ path: "ca.pem", fieldRef: { fieldPath: `metadata.annotations['${TRUST_BUNDLE_ANNOTATION}']` } }],
          },
        },
      ],
    },
  };
}

function stateVolume(): object {
  return { name: "regomesh-state", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } };
}
