/**
 * Of a Pod whose traffic is to be captured: what keeps it from being so, or the Pod from starting. Said as it is asked
 * for, since later nobody hears of it but by a container that ends again and again, or not at all.
 */
import { parseNetwork } from "@regomesh/base";
import { CAPTURE_EXCEPTIONS_MAX, PROXY_UID, type Probes, parseProbes, printProbes } from "@regomesh/protocol";
import type { ClusterObject } from "./cluster-object.ts";
import type { PodSpec } from "./pod-spec.ts";

/** What goes round the proxy: lists, with commas, for the flags of `regomesh capture` of that name. */
export const EXCEPTION_FLAGS = ["exclude-outbound-port", "exclude-outbound", "exclude-inbound-port", "exclude-inbound"];
/** Beside one of injection's own. */
const EXCEPTIONS_MAX = CAPTURE_EXCEPTIONS_MAX - 1;

/** What would go round the proxy, or keep the Pod from starting. */
export function captureFaults({ metadata: { annotations = {} } }: ClusterObject, spec: PodSpec): readonly string[] {
  const asProxy = [...(spec.initContainers ?? []), ...(spec.containers ?? [])]
    .filter(({ securityContext }) => (securityContext?.runAsUser ?? spec.securityContext?.runAsUser) === PROXY_UID)
    .map(
      ({ name }) =>
        `container ${name} runs as user ${PROXY_UID}, the proxy's: what it sends would go round the proxy (give it another runAsUser)`,
    );
  const exceptions = EXCEPTION_FLAGS.flatMap((flag) =>
    exceptionsOf(annotations, flag)
      .filter((text) => (flag.endsWith("-port") ? !isPort(text) : parseNetwork(text) === undefined))
      .map((text) => {
        const wanted = flag.endsWith("-port") ? "ports from 1 to 65535" : "addresses or networks such as 10.0.0.0/8";
        return `annotation regomesh.dev/${flag} takes ${wanted}, with commas between them, not ${JSON.stringify(text.slice(0, 64))}`;
      }),
  );
  const many = EXCEPTION_FLAGS.filter((flag) => exceptionsOf(annotations, flag).length > EXCEPTIONS_MAX).map(
    (flag) => `annotation regomesh.dev/${flag} takes ${EXCEPTIONS_MAX} at most`,
  );
  return [...asProxy, ...exceptions, ...many];
}

/** A container that may change the network's rules is captured as long as it likes to be. */
export function captureWarnings({ initContainers = [], containers = [] }: PodSpec): readonly string[] {
  return [...initContainers, ...containers]
    .filter(({ securityContext: { privileged, capabilities } = {} }) =>
      [privileged === true, ...(capabilities?.add ?? []).map((each) => NETWORK_CAPABILITIES.has(each))].includes(true),
    )
    .map(({ name }) => `container ${name} may change the network (NET_ADMIN or privileged), and so go round the proxy`);
}

const NETWORK_CAPABILITIES = new Set(["ALL", "NET_ADMIN", "CAP_NET_ADMIN", "SYS_ADMIN", "CAP_SYS_ADMIN"]);

/** The proxy would not start by what it cannot read. */
export function probeFaults(probes: Probes): readonly string[] {
  if (parseProbes(printProbes(probes)) !== undefined) return [];
  const [at] = [...probes].find((each) => parseProbes(printProbes(new Map([each]))) === undefined) ?? [];
  return [
    at === undefined
      ? `the Pod has ${probes.size} probes and hooks, more than the proxy asks for`
      : `the proxy cannot ask for ${at.slice(1).replace("/", "'s ")}: its path, a field or its time is longer than it takes`,
  ];
}

export function exceptionsOf(annotations: Readonly<Record<string, string>>, flag: string): readonly string[] {
  const said = annotations[`regomesh.dev/${flag}`]?.replaceAll(" ", "") ?? "";
  return said === "" ? [] : said.split(",");
}

function isPort(text: string): boolean {
  return /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535;
}
