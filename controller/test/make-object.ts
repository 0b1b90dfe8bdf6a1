/** Objects as an API server gives them. */
import { API_VERSION } from "@regomesh/resources";
import type { ClusterObject } from "../src/kubernetes/cluster-object.ts";

type Given = Partial<Omit<ClusterObject, "metadata">> & { readonly metadata?: Partial<ClusterObject["metadata"]> };

/** `place`: `KIND/NAMESPACE/NAME`, or `KIND/NAME`. */
export function makeObject(place: string, spec: unknown, { metadata, ...more }: Given = {}): ClusterObject {
  const [kind = "", ...path] = place.split("/");
  const name = path.at(-1) ?? "";
  const own = ["Service", "Pod"].includes(kind) ? "v1" : API_VERSION;
  return {
    apiVersion: own,
    kind,
    spec,
    ...more,
    metadata: {
      name,
      ...(path.length > 1 ? { namespace: path[0] ?? "" } : {}),
      uid: `uid-${place}`,
      resourceVersion: "1",
      generation: 1,
      ...metadata,
    },
  };
}

/** The same with another text. */
export function changed(object: ClusterObject, spec: unknown): ClusterObject {
  const generation = (object.metadata.generation ?? 0) + 1;
  return { ...object, spec, metadata: { ...object.metadata, generation, resourceVersion: `${generation}` } };
}

export function makePod(place: string, labels: Readonly<Record<string, string>>, more: object = {}): ClusterObject {
  const spec = {
    serviceAccountName: labels["app"],
    initContainers: [{ name: "regomesh-proxy", restartPolicy: "Always" }],
    containers: [{ name: "app", ports: [{ name: "web", containerPort: 8080 }] }],
    ...more,
  };
  return makeObject(`Pod/${place}`, spec, { metadata: { labels }, status: { phase: "Running", podIP: "10.1.0.7" } });
}

export function makeService(
  place: string,
  app: string,
  ports: readonly object[] = [{ port: 80, targetPort: "web" }],
): ClusterObject {
  return makeObject(`Service/${place}`, { selector: { app }, ports });
}
