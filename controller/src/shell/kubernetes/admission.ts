/** Admission as a part of the controller: the webhooks, what answers them, and what the API server is told of them. */
import { type Clock, type Log, splitAddress } from "@regomesh/base";
import { type Admitted, answerAtOnce, FAULTS_MAX, type Found, judge, type Review } from "../../kubernetes/admission.ts";
import { type ClusterObject, objectKey } from "../../kubernetes/cluster-object.ts";
import { toInjection } from "../../kubernetes/injection.ts";
import { type WebhookPlace, webhookConfigurations } from "../../kubernetes/webhook-configurations.ts";
import { type Authority, isHalfOver } from "../ca/authority.ts";
import { type ApiConnection, refusalOf } from "./api-connection.ts";
import { serveWebhooks } from "./webhooks.ts";

export type AdmissionOptions = {
  /** `HOST:PORT` of the listener. */
  readonly address: string;
  /** The Service by which the API server reaches it; the address itself where there is none. */
  readonly service?: { readonly namespace: string; readonly name: string };
  /** Pods are injected where it is said what with. */
  readonly injection?: { readonly image: string; readonly controller: string };
};

export type AdmissionParts = {
  readonly connection: ApiConnection;
  readonly authority: Authority;
  /** What a build of the cluster with the object in it says. */
  readonly rehearse: (object: ClusterObject) => Promise<Found>;
  readonly clock: Clock;
  readonly log: Log;
};

const RENEW_EVERY_MS = 60_000;
const RETRY_MS = 2000;
const FIELD_MANAGER = "regomesh-webhooks";
/** A Service's port, whatever the listener's is. */
const SERVICE_PORT = 443;

/** Gives its address, and how it ends. */
export async function openAdmission(
  { address, service, injection }: AdmissionOptions,
  { connection, authority, rehearse, clock, log }: AdmissionParts,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const hosts =
    service === undefined
      ? [splitAddress(address).host]
      : [`${service.name}.${service.namespace}.svc`, `${service.name}.${service.namespace}.svc.cluster.local`];
  let certificate = authority.issueServer(hosts, clock.nowMs());
  const validate = async ({ object }: Review): Promise<Admitted> => {
    const known = answerAtOnce({ object });
    if (known !== undefined || object === undefined) return known ?? { allowed: true };
    return judge(object, await rehearse(object));
  };
  const mutate = async ({ object }: Review): Promise<Admitted> => {
    if (object === undefined || injection === undefined) return { allowed: true };
    const { patch, faults, warnings } = toInjection(object, { ...injection, trustBundlePem: authority.bundlePem });
    if (faults.length > 0) return { allowed: false, message: faults.slice(0, FAULTS_MAX).join("\n"), warnings };
    log.log("info", "a Pod is injected", { pod: objectKey(object), changes: patch.length });
    return { allowed: true, warnings, ...(patch.length === 0 ? {} : { patch }) };
  };
  const webhooks = await serveWebhooks({
    address,
    certificate,
    handlers: { "/validate": validate, "/mutate": mutate },
    log,
  });
  const renewal = setInterval(() => {
    if (!isHalfOver(certificate, clock.nowMs())) return;
    certificate = authority.issueServer(hosts, clock.nowMs());
    webhooks.renew(certificate);
  }, RENEW_EVERY_MS);
  const place: WebhookPlace =
    service === undefined ? { kind: "url", url: webhooks.url } : { kind: "service", ...service, port: SERVICE_PORT };
  const ending = new AbortController();
  const registering = register(
    place,
    authority.bundlePem,
    injection !== undefined,
    { connection, clock, log },
    ending.signal,
  );
  return {
    url: webhooks.url,
    async close() {
      clearInterval(renewal);
      ending.abort();
      await registering;
      await webhooks.close();
    },
  };
}

/** Tells the API server until it has taken it. */
async function register(
  place: WebhookPlace,
  caPem: string,
  withInjection: boolean,
  { connection, clock, log }: Pick<AdmissionParts, "connection" | "clock" | "log">,
  signal: AbortSignal,
): Promise<void> {
  for (const { plural, body } of webhookConfigurations(place, caPem, withInjection)) {
    const path = `/apis/admissionregistration.k8s.io/v1/${plural}/${body.metadata.name}?fieldManager=${FIELD_MANAGER}&force=true`;
    while (!signal.aborted) {
      const fault = await connection
        .request({ method: "PATCH", path, type: "application/apply-patch+yaml", body, signal })
        .then((answer) => (answer.status < 300 ? undefined : refusalOf(answer)))
        .catch((error: Error) => error.message);
      if (fault === undefined) break;
      if (signal.aborted) return;
      log.log("warn", "the API server is not told of the webhooks yet", { plural, reason: fault });
      await clock.sleep(RETRY_MS, signal).catch(() => {});
    }
  }
}
