/** A small mesh in the cluster: two Services, a Pod each with its sidecar, and the controller that they join. */
import { kubectl } from "./api-server.ts";
import type { World } from "./check.ts";
import { openClusterController, openPod, type Process, type Sidecar } from "./processes.ts";

export const NAMESPACE = "shop";

export const policy = (rule: string, tests = "") => `apiVersion: regomesh.dev/v1alpha1
kind: Policy
metadata: { name: orders, namespace: ${NAMESPACE} }
spec:
  modules:
    authz.rego: |
      package mesh.authz

      default allow := false

${rule.replace(/^/gm, "      ")}
${tests}`;

export const BINDING = `apiVersion: regomesh.dev/v1alpha1
kind: PolicyBinding
metadata: { name: orders, namespace: ${NAMESPACE} }
spec:
  policy: orders
  selector: { services: [orders] }
  direction: Inbound
  entrypoints: [mesh/authz/allow]
`;

export type Mesh = { readonly controller: Process; readonly web: Sidecar; readonly orders: Sidecar };

/** What is left of it is taken away when `play` is done. */
export async function withMesh(world: World, name: string, play: (mesh: Mesh) => Promise<void>): Promise<void> {
  const { server, say } = world;
  const mesh = await openMesh(world, name);
  try {
    await play(mesh);
  } catch (error) {
    say(mesh.controller.log().split("\n").slice(-15).join("\n"));
    throw error;
  } finally {
    for (const each of [mesh.web, mesh.orders, mesh.controller]) await each.close();
    kubectl(server, ["delete", "validatingwebhookconfigurations", "regomesh", "--ignore-not-found"]);
    for (const kind of ["policies", "policybindings", "pods", "services", "serviceaccounts"])
      kubectl(server, ["delete", kind, "--all", "-n", NAMESPACE, "--force", "--grace-period=0"]);
  }
}

async function openMesh(world: World, name: string): Promise<Mesh> {
  const { server, api } = world;
  await api.apply(`/api/v1/namespaces/${NAMESPACE}`, {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: NAMESPACE },
  });
  for (const app of ["web", "orders"]) {
    const place = `/api/v1/namespaces/${NAMESPACE}`;
    await api.create(`${place}/serviceaccounts`, { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: app } });
    const spec = { selector: { app }, ports: [{ port: 80, targetPort: "web" }] };
    await api.create(`${place}/services`, { apiVersion: "v1", kind: "Service", metadata: { name: app }, spec });
  }
  const controller = await openClusterController(server, name, ["--admission", "127.0.0.1:0"]);
  const opened: { close(): Promise<void> }[] = [controller];
  try {
    const pod = async (app: string) => {
      const made = await openPod(world, controller, {
        namespace: NAMESPACE,
        name: `${app}-1`,
        account: app,
        labels: { app },
      });
      opened.push(made);
      return made;
    };
    return { controller, orders: await pod("orders"), web: await pod("web") };
  } catch (error) {
    for (const each of opened.reverse()) await each.close();
    throw new Error(`${(error as Error).message}\n${controller.log().slice(-3000)}`);
  }
}
