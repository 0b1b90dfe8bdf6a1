// Writes the Helm chart (deploy/helm/regomesh) from the manifests of deploy/kubernetes: one text says what is
// installed, and a value of the chart stands where that text has its default. CRDs are none of the chart: Helm would
// install them once and never change them, so that kubectl applies them, at first and before each upgrade.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const { version, description } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const manifests = join(root, "deploy/kubernetes");

const NAMESPACE = `{{- if ne .Release.Namespace "regomesh-system" }}
{{- fail "the mesh's own namespace is regomesh-system: helm install regomesh --namespace regomesh-system --create-namespace" }}
{{- end }}
`;

/** What a manifest says, and what stands in its place. Each must be there once, unless it says how often. */
const VALUES = [
  ["  replicas: 2\n", "  replicas: {{ .Values.controller.replicas }}\n"],
  [
    "image: regomesh-controller\n",
    "image: {{ .Values.controller.image }}:{{ .Values.tag | default .Chart.AppVersion }}\n",
  ],
  ["imagePullPolicy: IfNotPresent\n", "imagePullPolicy: {{ .Values.pullPolicy }}\n"],
  [
    "            - --admission=0.0.0.0:9443\n            - --admission-service=regomesh-system/regomesh-webhooks\n            - --inject=regomesh-proxy:0.1.0=regomesh-controller.regomesh-system.svc:15010\n",
    `            - --admission=0.0.0.0:9443
            - --admission-service=regomesh-system/regomesh-webhooks
            {{- if .Values.injection }}
            - --inject={{ .Values.proxy.image }}:{{ .Values.tag | default .Chart.AppVersion }}=regomesh-controller.regomesh-system.svc:15010
            {{- end }}
            {{- range .Values.controller.extraArgs }}
            - {{ . | quote }}
            {{- end }}
`,
  ],
  [
    "          resources:\n            requests: { cpu: 100m, memory: 384Mi }\n            limits: { memory: 2Gi }\n",
    "          resources: {{- toYaml .Values.controller.resources | nindent 12 }}\n",
  ],
  [
    "      serviceAccountName: regomesh-controller\n",
    `      serviceAccountName: regomesh-controller
      {{- with .Values.pullSecrets }}
      imagePullSecrets: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.controller.nodeSelector }}
      nodeSelector: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.controller.tolerations }}
      tolerations: {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with .Values.controller.affinity }}
      affinity: {{- toYaml . | nindent 8 }}
      {{- end }}
`,
  ],
  ["  maxUnavailable: 1\n", "  maxUnavailable: {{ .Values.controller.maxUnavailable }}\n"],
];

const VALUES_FILE = `# What may be said of an installation; all else is what deploy/kubernetes says.

# Of both images; the chart's own version where it is empty.
tag: ""
pullPolicy: IfNotPresent
pullSecrets: []

controller:
  image: regomesh-controller
  # One leads, and another takes its place.
  replicas: 2
  maxUnavailable: 1
  # More flags: see regomesh controller --help.
  extraArgs: []
  resources:
    requests: { cpu: 100m, memory: 384Mi }
    limits: { memory: 2Gi }
  nodeSelector: {}
  tolerations: []
  affinity: {}

proxy:
  image: regomesh-proxy

# Pods of namespaces labelled regomesh.dev/inject=enabled are given the proxy.
injection: true
`;

const CHART = `apiVersion: v2
name: regomesh
description: ${JSON.stringify(description)}
type: application
version: ${version}
appVersion: ${version}
# Native sidecars.
kubeVersion: ">=1.29.0-0"
`;

const NOTES = `One controller leads within a few seconds:

  kubectl -n regomesh-system get lease regomesh-controller
  kubectl regomesh doctor

A namespace's new Pods are of the mesh once it says so:

  kubectl label namespace NAME regomesh.dev/inject=enabled

The kinds are no part of this chart. At first, and before each upgrade:

  kubectl apply --server-side -f deploy/crds
`;

/** Path below deploy/helm/regomesh and text of each file. */
export function makeChart() {
  const files = new Map([
    ["Chart.yaml", CHART],
    ["values.yaml", VALUES_FILE],
    ["templates/NOTES.txt", NOTES],
  ]);
  const used = new Set();
  for (const name of ["rbac.yaml", "controller.yaml"]) {
    let text = readFileSync(join(manifests, name), "utf8");
    for (const row of VALUES) {
      const [from, to] = row;
      if (!text.includes(from)) continue;
      if (text.split(from).length !== 2) throw new Error(`${name} says ${JSON.stringify(from)} more than once`);
      text = text.replace(from, () => to);
      used.add(row);
    }
    files.set(`templates/${name}`, `${name === "controller.yaml" ? NAMESPACE : ""}${text}`);
  }
  const unused = VALUES.filter((row) => !used.has(row));
  if (unused.length > 0) throw new Error(`deploy/kubernetes no longer says ${unused.map(([from]) => from).join()}`);
  return files;
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  const chart = join(root, "deploy/helm/regomesh");
  if (existsSync(chart)) rmSync(chart, { recursive: true });
  for (const [name, text] of makeChart()) {
    mkdirSync(dirname(join(chart, name)), { recursive: true });
    writeFileSync(join(chart, name), text);
  }
}
