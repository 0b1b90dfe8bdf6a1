/**
 * What a cluster's Services and Deployments are to a mesh without a cluster: a MeshService each, with
 * the Service's selector, and a Workload for each Deployment. Routes stay what they are.
 */
import type { Fields, Manifest } from "./cases.ts";

/** A program of the manifests: a Deployment, of which one runs. */
export type Program = { readonly name: string; readonly namespace: string; readonly labels: Fields };

type ServicePort = {
  readonly name?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly appProtocol?: string;
};

/** What the echo application listens on, by the ports that upstream's has. */
const HTTP_PORTS = new Set([8080, 3000]);
const GRPC_PORTS = new Set([7070]);

export type ProgramPorts = { readonly http: number; readonly grpc: number };

export function programsOf(manifests: readonly Manifest[]): readonly Program[] {
  return manifests
    .filter(({ kind }) => kind === "Deployment")
    .map(({ metadata: { name, namespace = "default" }, spec }) => {
      const template = spec?.["template"] as { readonly metadata?: { readonly labels?: Fields } } | undefined;
      return { name, namespace, labels: template?.metadata?.labels ?? {} };
    });
}

/** YAML documents of the mesh's own kinds; `portsOf` says where a program's application listens. */
export function toResources(manifests: readonly Manifest[], portsOf: (program: Program) => ProgramPorts): string {
  const programs = programsOf(manifests);
  const services = manifests.filter(({ kind }) => kind === "Service");
  const isNamed = ({ name, namespace }: Program) =>
    services.some(({ metadata }) => metadata.name === name && (metadata.namespace ?? "default") === namespace);
  return [
    resource("MeshConfig", { name: "mesh" }, { defaultVerdict: "Allow" }),
    ...services.map((service) => toService(service)),
    // A program that answers for no Service has a name of its own here, which nobody calls.
    ...programs
      .filter((program) => !isNamed(program))
      .map(({ name, namespace }) => resource("MeshService", { name, namespace }, { ports: [{ port: 1 }] })),
    ...programs.map((program) => toWorkload(program, services, portsOf(program))),
  ].join("");
}

function toService({ metadata: { name, namespace = "default" }, spec }: Manifest): string {
  const selector = spec?.["selector"] as Fields | undefined;
  const ports = servicePorts(spec).map(({ name: portName, port, protocol }) => ({ name: portName, port, protocol }));
  return resource("MeshService", { name, namespace }, { ...(selector === undefined ? {} : { selector }), ports });
}

type MeshPort = { readonly name: string; readonly port: number; readonly protocol: string; readonly isGrpc: boolean };

/** Those that the echo application serves without TLS: the mesh's own goes between sidecars. */
function servicePorts(spec: Manifest["spec"]): readonly MeshPort[] {
  const ports = (spec?.["ports"] ?? []) as readonly ServicePort[];
  return ports.flatMap(({ name, port, targetPort = port }) => {
    const target = Number(targetPort);
    const isGrpc = GRPC_PORTS.has(target);
    if (!isGrpc && !HTTP_PORTS.has(target)) return [];
    return [{ name: name ?? `p${port}`, port, protocol: isGrpc ? "GRPC" : "HTTP", isGrpc }];
  });
}

function toWorkload({ name, namespace, labels }: Program, services: readonly Manifest[], ports: ProgramPorts): string {
  const own = services.filter(
    ({ metadata, spec }) => (metadata.namespace ?? "default") === namespace && selects(spec?.["selector"], labels),
  );
  const byName = new Map(own.flatMap(({ spec }) => servicePorts(spec)).map((port) => [port.name, port]));
  const listening = [...byName.values()].map((port) => ({
    name: port.name,
    application: { port: port.isGrpc ? ports.grpc : ports.http },
  }));
  return resource("Workload", { name, namespace, labels }, { service: name, ports: listening });
}

function selects(selector: unknown, labels: Fields): boolean {
  const wanted = Object.entries((selector ?? {}) as Fields);
  return wanted.length > 0 && wanted.every(([name, value]) => labels[name] === value);
}

function resource(kind: string, metadata: Readonly<Record<string, unknown>>, spec: object): string {
  return `---\n${JSON.stringify({ apiVersion: "regomesh.dev/v1alpha1", kind, metadata, spec })}\n`;
}
