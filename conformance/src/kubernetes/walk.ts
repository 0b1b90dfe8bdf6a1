/** A person's way: apply, be refused with line and column, apply again, see it at work, take it away. */
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { BINDING, type Mesh, NAMESPACE, policy, withMesh } from "./mesh.ts";
import { ask } from "./processes.ts";

const MAY_READ = 'allow if input.attributes.request.http.method == "GET"';
const NONE_MAY = 'allow if input.attributes.request.http.method == "NONE"';
const TYPE_ERROR = "allow if count(5) == 1";
export const WALK: Check = {
  name: "a GitOps walk: refused with line and column, in force within 2 s, deleted and closed",
  async run(world) {
    await withMesh(world, "walk", (mesh) => walk(world, mesh));
  },
};

async function walk({ server, say }: World, { web }: Mesh): Promise<void> {
  const refused = await until("the webhook answers", 30_000, () => {
    const found = kubectl(server, ["apply", "-f", "-"], policy(TYPE_ERROR));
    if (found.code === 0) kubectl(server, ["delete", "policy", "orders", "-n", NAMESPACE]);
    return found.code === 0 ? undefined : found;
  });
  must(/authz\.rego:5:10: rego_type_error: /.test(refused.out), `kubectl apply says: ${refused.out}`);
  say(`     ${refused.out.trim().split("\n").at(-1)}`);
  must((await ask(web, "http://orders/")).status === 403, "with nothing bound it is not denied");
  const applied = kubectl(server, ["apply", "-f", "-"], `${BINDING}---\n${policy(MAY_READ)}`);
  must(applied.code === 0, applied.out);
  const sinceMs = performance.now();
  for (const condition of ["Accepted", "Compiled", "TestsPassed", "Programmed"]) {
    const waited = kubectl(server, [
      "wait",
      `--for=condition=${condition}`,
      "policy/orders",
      "-n",
      NAMESPACE,
      "--timeout=20s",
    ]);
    must(waited.code === 0, `${condition}: ${waited.out}`);
  }
  const tookMs = performance.now() - sinceMs;
  const now = await ask(web, "http://orders/");
  must(now.status === 200, `it is Programmed, and the answer is ${now.status} ${now.text}`);
  say(`     all four conditions, as kubectl wait sees them, after ${(tookMs / 1000).toFixed(2)} s`);
  const table = kubectl(server, ["get", "mesh", "-A", "-o", "wide"]);
  say(table.out.trimEnd().replace(/^/gm, "     "));
  must(
    /policy\.regomesh\.dev\/orders\s+True\s+True\s+True\s+True/.test(table.out),
    "the table does not say that all is well",
  );
  const again = kubectl(server, ["diff", "-f", "-"], `${BINDING}---\n${policy(MAY_READ)}`);
  must(again.code === 0, `applied once more it would differ: ${again.out}`);
  must(kubectl(server, ["apply", "-f", "-"], policy(NONE_MAY)).code === 0, "the closed policy is not taken");
  await until("the new decision", 20_000, async () =>
    (await ask(web, "http://orders/")).status === 403 ? true : undefined,
  );
  must(kubectl(server, ["delete", "policy", "orders", "-n", NAMESPACE]).code === 0, "it cannot be deleted");
  await until("the deleted Policy closes", 20_000, async () =>
    (await ask(web, "http://orders/")).status === 503 ? true : undefined,
  );
  const binding = kubectl(server, [
    "wait",
    "--for=condition=ResolvedRefs=false",
    "policybinding/orders",
    "-n",
    NAMESPACE,
    "--timeout=20s",
  ]);
  must(binding.code === 0, binding.out);
}
