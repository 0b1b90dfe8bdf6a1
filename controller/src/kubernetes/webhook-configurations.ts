/** What the API server is told of our webhooks: which objects it asks about, where, and by whose certificate. */
import { API_GROUP } from "@regomesh/resources";

export type WebhookPlace =
  | { readonly kind: "service"; readonly namespace: string; readonly name: string; readonly port: number }
  /** `https://HOST:PORT`, of an API server that reaches it so. */
  | { readonly kind: "url"; readonly url: string };

const NAME = "regomesh";
/** Long enough for a build, and far below the API server's own thirty. */
const TIMEOUT_SECONDS = 10;
/** Namespaces by their own label, and Pods by theirs, which is above it: `enabled` or `disabled`. */
/** Of a Namespace or a Pod: `enabled`, or `disabled`. */
export const INJECT_LABEL = `${API_GROUP}/inject`;

export type WebhookConfiguration = {
  readonly plural: string;
  readonly body: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly labels: Readonly<Record<string, string>> };
    readonly webhooks: readonly object[];
  };
};

/** As they are applied: the controller's own, which come and go with `--admission`. */
export function webhookConfigurations(
  place: WebhookPlace,
  caPem: string,
  withInjection: boolean,
): readonly WebhookConfiguration[] {
  const apiVersion = "admissionregistration.k8s.io/v1";
  const metadata = { name: NAME, labels: { "app.kubernetes.io/part-of": NAME } };
  const base = { admissionReviewVersions: ["v1"], sideEffects: "None" };
  const validating = {
    ...base,
    name: `validate.${API_GROUP}`,
    clientConfig: clientConfig(place, "/validate", caPem),
    // What is refused while nobody answers is our own kinds alone.
    failurePolicy: "Fail",
    matchPolicy: "Equivalent",
    timeoutSeconds: TIMEOUT_SECONDS,
    rules: [
      { apiGroups: [API_GROUP], apiVersions: ["*"], operations: ["CREATE", "UPDATE"], resources: ["*"], scope: "*" },
    ],
  };
  const pods = {
    apiGroups: [""],
    apiVersions: ["v1"],
    operations: ["CREATE"],
    resources: ["pods"],
    scope: "Namespaced",
  };
  const mutating = {
    ...base,
    clientConfig: clientConfig(place, "/mutate", caPem),
    // A Pod of the mesh without its proxy is one that nobody protects.
    failurePolicy: "Fail",
    timeoutSeconds: 5,
    reinvocationPolicy: "IfNeeded",
    rules: [pods],
  };
  const system = {
    key: "kubernetes.io/metadata.name",
    operator: "NotIn",
    values: ["kube-system", "kube-node-lease", "regomesh-system"],
  };
  const label = (operator: string, ...values: readonly string[]) => ({
    key: INJECT_LABEL,
    operator,
    ...(values.length === 0 ? {} : { values }),
  });
  return [
    {
      plural: "validatingwebhookconfigurations",
      body: { apiVersion, kind: "ValidatingWebhookConfiguration", metadata, webhooks: [validating] },
    },
    ...(withInjection
      ? [
          {
            plural: "mutatingwebhookconfigurations",
            body: {
              apiVersion,
              kind: "MutatingWebhookConfiguration",
              metadata,
              webhooks: [
                {
                  ...mutating,
                  name: `namespace.inject.${API_GROUP}`,
                  namespaceSelector: { matchExpressions: [label("In", "enabled"), system] },
                  objectSelector: { matchExpressions: [label("NotIn", "disabled")] },
                },
                {
                  ...mutating,
                  name: `pod.inject.${API_GROUP}`,
                  namespaceSelector: { matchExpressions: [label("NotIn", "enabled"), system] },
                  objectSelector: { matchExpressions: [label("In", "enabled")] },
                },
              ],
            },
          },
        ]
      : []),
  ];
}

function clientConfig(place: WebhookPlace, path: string, caPem: string): object {
  const caBundle = Buffer.from(caPem).toString("base64");
  if (place.kind === "url") return { caBundle, url: `${place.url}${path}` };
  const { namespace, name, port } = place;
  return { caBundle, service: { namespace, name, port, path } };
}
