/** A mesh of any size as files of a repository: services that call some of the others, rules in units of a hundred. */

export type MeshSize = {
  /** One workload each. */
  readonly services: number;
  readonly rules: number;
  /** Services that each workload may call; 0: all. */
  readonly calls: number;
  /** Proxies that are processes of their own, and asked at an edge port; the others are simulated. */
  readonly real: number;
};

/** What a real proxy is asked, by the first rule of its unit: the field's value is what a change changes. */
export const PROBE_PATH = "/probe";
export const PROBE_FIELD = "x-rule";

export const TRUST_DOMAIN = "scale.local";
const RULES_OF_UNIT = 100;
/** A binding names no more services than this. */
const SERVICES_OF_BINDING = 200;

export function serviceName(index: number): string {
  return `s${String(index).padStart(4, "0")}`;
}

export function spiffeIdOf(service: string): string {
  return `spiffe://${TRUST_DOMAIN}/ns/default/sa/${service}`;
}

export function unitsOf({ rules }: Pick<MeshSize, "rules">): number {
  return Math.max(1, Math.ceil(rules / RULES_OF_UNIT));
}

/** Services whose proxies are real: of the unit in which one line changes. */
export function realServices(size: MeshSize): readonly number[] {
  const all = Array.from({ length: size.services }, (_, service) => service);
  return all.filter((service) => unitOf(size, service) === 0).slice(0, size.real);
}

/** The unit that a service is bound to. */
export function unitOf(size: MeshSize, service: number): number {
  return service % unitsOf(size);
}

export function makeMeshFiles(size: MeshSize): ReadonlyMap<string, string> {
  const files = new Map<string, string>([
    ["README.md", "A mesh to be measured.\n"],
    ["mesh.yaml", meshConfig("Base")],
  ]);
  for (let i = 0; i < size.services; i++) files.set(`services/${serviceName(i)}.yaml`, serviceFile(size, i));
  for (let unit = 0; unit < unitsOf(size); unit++) {
    files.set(`policies/u${unit}/rules.rego`, ruleFile(size, unit, "GET"));
    files.set(`policies/u${unit}.yaml`, bindings(size, unit));
  }
  return files;
}

export function meshConfig(pathLevel: "Base" | "MergeSlashes"): string {
  return `apiVersion: regomesh.dev/v1alpha1
kind: MeshConfig
metadata:
  name: scale
spec:
  trustDomain: ${TRUST_DOMAIN}
  pathLevel: ${pathLevel}
`;
}

function serviceFile(size: MeshSize, index: number): string {
  const { services, calls } = size;
  const edge = realServices(size).includes(index) ? "\n    - {name: edge, port: 8080, mode: Edge}" : "";
  const name = serviceName(index);
  const called = Array.from({ length: Math.min(calls, services) }, (_, i) => serviceName((index + 1 + i) % services));
  return `apiVersion: regomesh.dev/v1alpha1
kind: MeshService
metadata:
  name: ${name}
spec:
  ports:
    - port: 80${edge}
---
apiVersion: regomesh.dev/v1alpha1
kind: Workload
metadata:
  name: ${name}
spec:
  service: ${name}
${calls === 0 ? "" : `  calls: [${called.join(", ")}]\n`}`;
}

/** Rules as people write them: a method, a path, a caller; the first one is of the probe, whose value one line changes. */
export function ruleFile(size: MeshSize, unit: number, value: string): string {
  const count = Math.min(RULES_OF_UNIT, size.rules - unit * RULES_OF_UNIT);
  const rules = Array.from({ length: count }, (_, i) => {
    const rule = unit * RULES_OF_UNIT + i;
    if (i === 0)
      return `
allow if {
	input.attributes.request.http.path == "${PROBE_PATH}"
	input.attributes.request.http.headers["${PROBE_FIELD}"] == "${value}"
}
`;
    return `
allow if {
	input.attributes.request.http.method == "GET"
	input.parsed_path[0] == "item${rule}"
	input.source.principal == "${spiffeIdOf(serviceName(rule % size.services))}"
}
`;
  });
  return `package team.authz\n\ndefault allow := false\n${rules.join("")}`;
}

function bindings(size: MeshSize, unit: number): string {
  const bound = Array.from({ length: size.services }, (_, i) => i).filter((i) => unitOf(size, i) === unit);
  const parts = Array.from({ length: Math.ceil(bound.length / SERVICES_OF_BINDING) }, (_, part) =>
    bound.slice(part * SERVICES_OF_BINDING, (part + 1) * SERVICES_OF_BINDING),
  );
  return parts
    .map(
      (services, part) => `apiVersion: regomesh.dev/v1alpha1
kind: PolicyBinding
metadata:
  name: u${unit}-${part}
spec:
  unit: policies/u${unit}
  selector:
    services: [${services.map(serviceName).join(", ")}]
  direction: Inbound
  entrypoints:
    - {name: team/authz/allow, kind: Authz}
`,
    )
    .join("---\n");
}
