/** What deploy/ holds is taken by the API server as it stands, and its rights are enough for what the controller asks. */
import { execFileSync } from "node:child_process";
import { resolve } from "node:path";
import { parseAllDocuments } from "yaml";
import { kubectl } from "./api-server.ts";
import { type Check, must } from "./check.ts";

const DEPLOY = resolve(import.meta.dirname, "../../../deploy/kubernetes");
const CHART = resolve(import.meta.dirname, "../../../deploy/helm/regomesh");
const AS = "--as=system:serviceaccount:regomesh-system:regomesh-controller";

/** Verb, resource, and whether the controller may. */
const RIGHTS: readonly (readonly [verb: string, resource: string, may: boolean, more?: readonly string[]])[] = [
  ["watch", "policies.regomesh.dev", true, ["-A"]],
  ["patch", "policies.regomesh.dev", true, ["-A", "--subresource=status"]],
  ["update", "policies.regomesh.dev", false, ["-A"]],
  ["watch", "pods", true, ["-A"]],
  ["delete", "pods", false, ["-A"]],
  ["watch", "services", true, ["-A"]],
  ["watch", "endpointslices.discovery.k8s.io", true, ["-A"]],
  ["create", "tokenreviews.authentication.k8s.io", true],
  ["create", "secrets", true, ["-n", "regomesh-system"]],
  ["get", "secrets", false, ["-n", "kube-system"]],
  ["update", "leases.coordination.k8s.io", true, ["-n", "regomesh-system"]],
  ["patch", "validatingwebhookconfigurations.admissionregistration.k8s.io/regomesh", true],
  ["patch", "validatingwebhookconfigurations.admissionregistration.k8s.io/another", false],
];

export const MANIFEST_CHECK: Check = {
  name: "the manifests are taken, twice alike, and give the controller what it needs and no more",
  async run({ server, say }) {
    for (const round of ["first", "second"]) {
      const applied = kubectl(server, ["apply", "--server-side", "-k", DEPLOY]);
      must(applied.code === 0 && !/warning/i.test(applied.out), `${round}: ${applied.out}`);
    }
    const rendered = renderChart();
    if (rendered === undefined) say("     left out: there is no helm on the PATH to render the chart with");
    else {
      const taken = kubectl(
        server,
        ["apply", "--server-side", "--dry-run=server", "--force-conflicts", "-f", "-"],
        rendered,
      );
      must(taken.code === 0 && !/warning/i.test(taken.out), `the chart: ${taken.out}`);
      const plain = kubectl(server, ["kustomize", DEPLOY]);
      const different = differencesOf(plain.out, rendered);
      must(different.length === 0, `the chart is not what the manifests say: ${different.join("; ")}`);
      say("     helm finds no fault in the chart, and renders of it what the manifests say");
    }
    for (const [verb, resource, may, more = []] of RIGHTS) {
      const { out } = kubectl(server, ["auth", "can-i", verb, resource, AS, ...more]);
      must(/^(yes|no)$/m.test(out), `${verb} ${resource}: ${out}`);
      must(/^yes$/m.test(out) === may, `the controller ${may ? "may not" : "may"} ${verb} ${resource}`);
    }
  },
};

/** Undefined where there is no helm. Throws what it finds at fault. */
function renderChart(): string | undefined {
  const flags = ["--namespace", "regomesh-system", "--kube-version", "1.37.2"];
  const helm = (args: readonly string[]) =>
    execFileSync("helm", [...args, ...flags], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  try {
    helm(["lint", CHART, "--strict"]);
    return helm(["template", "regomesh", CHART]);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** By object and path, where two texts of manifests differ. The namespace is Helm's to make, and the label that kustomize adds is its own. */
function differencesOf(plain: string, rendered: string): readonly string[] {
  const [one, other] = [fieldsOf(plain), fieldsOf(rendered)];
  const paths = [...new Set([...one.keys(), ...other.keys()])].filter(
    (path) => !path.startsWith("Namespace//") && !path.endsWith(".app.kubernetes.io/part-of"),
  );
  return paths
    .filter((path) => one.get(path) !== other.get(path))
    .map((path) => `${path} is ${other.get(path)}, not ${one.get(path)}`);
}

function fieldsOf(manifests: string): ReadonlyMap<string, unknown> {
  const fields = new Map<string, unknown>();
  const walk = (path: string, value: unknown): void => {
    if (typeof value !== "object" || value === null) fields.set(path, value);
    else for (const [name, each] of Object.entries(value)) walk(`${path}.${name}`, each);
  };
  for (const document of parseAllDocuments(manifests)) {
    const object = document.toJS() as { kind: string; metadata: { namespace?: string; name: string } } | null;
    if (object !== null) walk(`${object.kind}/${object.metadata.namespace ?? ""}/${object.metadata.name}`, object);
  }
  return fields;
}
