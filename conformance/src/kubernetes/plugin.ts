/** `kubectl regomesh`: what a cluster's operator asks first, of a real API server. */
import { execFileSync } from "node:child_process";
import { delimiter, resolve } from "node:path";
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { BINDING, NAMESPACE, policy, withMesh } from "./mesh.ts";

const BIN = resolve(import.meta.dirname, "../../../cli/bin");

export const PLUGIN_CHECK: Check = {
  name: "kubectl regomesh: status, doctor and analyze say of the cluster what is so",
  async run(world) {
    await withMesh(world, "plugin", async () => await play(world));
  },
};

async function play(world: World): Promise<void> {
  const { server, say } = world;
  const before = plugin(world, ["doctor", "--pre"]);
  must(before.code === 0 && /^✓ the API server answers/m.test(before.out), `doctor --pre: ${before.out}`);
  must(kubectl(server, ["apply", "-f", "-"], BINDING).code === 0, "the binding is not taken");
  const missing = plugin(world, ["analyze", "-n", NAMESPACE, "-o", "json"]);
  must(missing.code === 1 && codesOf(missing.out).includes(`RM0217 PolicyBinding/${NAMESPACE}/orders`), missing.out);
  must(plugin(world, ["analyze", "-n", "default"]).code === 0, "another namespace's fault is not this one's");
  const unwell = plugin(world, ["doctor", "-n", NAMESPACE]);
  must(unwell.code === 1 && /^× what they name is there\n.*orders/m.test(unwell.out), `doctor: ${unwell.out}`);
  must(/^✓ policies\.regomesh\.dev is installed/m.test(unwell.out), `doctor: ${unwell.out}`);
  must(kubectl(server, ["apply", "-f", "-"], policy("allow if true")).code === 0, "the policy is not taken");
  const whole = await until("status says that all is programmed", 30_000, () => {
    const { out } = plugin(world, ["status", "-n", NAMESPACE, "-o", "json"]);
    const { objects } = JSON.parse(out) as {
      objects: readonly { readonly isProgrammed?: boolean; readonly name: string }[];
    };
    return objects.length === 2 && objects.every(({ isProgrammed }) => isProgrammed === true) ? out : undefined;
  });
  must(/"pods": 2/.test(whole), `status counts other Pods: ${whole}`);
  const after = plugin(world, ["analyze", "-n", NAMESPACE]);
  must(after.code === 0, `analyze: ${after.out}`);
  const table = plugin(world, ["status", "-A", "-o", "wide"]);
  must(/shop +Policy +orders +True +True/.test(table.out), table.out);
  say(table.out.trimEnd().replace(/^/gm, "     "));
  const proxies = plugin(world, ["doctor", "--proxy"]);
  must(/^‼ shop\/orders-1 has its proxy/m.test(proxies.out), `no kubelet tells of containers here: ${proxies.out}`);
  const nobody = plugin({ ...world, server: { ...server, kubeconfig: "/nowhere" } }, ["status"]);
  must(nobody.code === 1 && /^regomesh status: /.test(nobody.out), `without a kubeconfig: ${nobody.out}`);
}

function codesOf(out: string): readonly string[] {
  const { findings } = JSON.parse(out) as {
    readonly findings: readonly { readonly code: string; readonly file: string }[];
  };
  return findings.map(({ code, file }) => `${code} ${file}`);
}

/** As kubectl starts it: found on the PATH, with the environment's kubeconfig. */
function plugin({ server }: World, args: readonly string[]): { readonly code: number; readonly out: string } {
  const env = { ...process.env, KUBECONFIG: server.kubeconfig, PATH: `${BIN}${delimiter}${process.env["PATH"]}` };
  try {
    const out = execFileSync("kubectl", ["regomesh", ...args], {
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    return { code: 0, out };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number | null; stdout: string; stderr: string };
    return { code: status ?? 1, out: `${stdout}${stderr}` };
  }
}
