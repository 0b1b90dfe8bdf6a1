/** Resources as a repository's files hold them, a YAML document each. */
import { API_VERSION } from "@regomesh/resources";

/** `spec`: YAML in its flow style. */
export function document(kind: string, name: string, namespace: string, spec: string): string {
  return `---\napiVersion: ${API_VERSION}\nkind: ${kind}\nmetadata: { name: ${name}, namespace: ${namespace} }\nspec: ${spec}\n`;
}

/** A service with one workload of the same name. */
export function service(name: string, namespace: string): string {
  return (
    document("MeshService", name, namespace, "{ ports: [{ port: 80 }] }") +
    document("Workload", name, namespace, `{ service: ${name} }`)
  );
}
