/** A controller that starts for the first time beside an object at fault: that one is refused, and all others go in force. */
import { kubectl } from "./api-server.ts";
import { type Check, must } from "./check.ts";
import { openClusterController } from "./processes.ts";

const NAMESPACE = "first-start";
const policy = (name: string, rego: string) => `apiVersion: regomesh.dev/v1alpha1
kind: Policy
metadata: { name: ${name}, namespace: ${NAMESPACE} }
spec: { modules: { a.rego: ${JSON.stringify(rego)} } }
`;

export const FIRST_START_CHECK: Check = {
  name: "a first start beside what is at fault: it alone is refused",
  async run(world) {
    const { server, api } = world;
    await api.apply(`/api/v1/namespaces/${NAMESPACE}`, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE },
    });
    const both = `${policy("good", "package a\n")}---\n${policy("bad", "package a\n\nx if y\n")}`;
    const applied = kubectl(server, ["apply", "-f", "-"], both);
    must(applied.code === 0, applied.out);
    const controller = await openClusterController(server, "first-start");
    try {
      for (const [name, condition] of [
        ["good", "Accepted"],
        ["bad", "Compiled=false"],
      ]) {
        const args = ["wait", `--for=condition=${condition}`, `policy/${name}`, "-n", NAMESPACE, "--timeout=20s"];
        const waited = kubectl(server, args);
        must(waited.code === 0, waited.out);
      }
    } finally {
      await controller.close();
      kubectl(server, ["delete", "policies", "--all", "-n", NAMESPACE]);
    }
  },
};
