/** What a person does with kubectl, on every kind: apply, diff, get, explain, wait, describe, delete. */
import { kubectl } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";
import { openClusterController } from "./processes.ts";

const NAMESPACE = "verbs";

type Kind = {
  readonly kind: string;
  readonly short: string;
  /** Whose changed text is another one. */
  readonly text: (change: number) => string;
  /** What it comes to in a mesh of no workload: a TrafficPolicy is of a service that is not there. */
  readonly condition: string;
  /** A field, and what it is for. */
  readonly field: readonly [path: string, says: RegExp];
};

/** Sources are the mesh's own. */
const namespaceOf = (kind: string) => (kind === "PolicySource" ? "regomesh-system" : NAMESPACE);

const of = (kind: string, spec: string, name = "a") => `apiVersion: regomesh.dev/v1alpha1
kind: ${kind}
metadata: { name: ${name}${kind === "MeshConfig" ? "" : `, namespace: ${namespaceOf(kind)}`} }
spec: ${spec}
`;

const KINDS: readonly Kind[] = [
  {
    kind: "MeshConfig",
    short: "mc",
    text: (change) => of("MeshConfig", `{ release: { minRequests: ${change} } }`, "default"),
    condition: "Accepted",
    field: ["spec.defaultVerdict", /Deny/],
  },
  {
    kind: "Policy",
    short: "pol",
    text: (change) =>
      of("Policy", `{ modules: { a.rego: "package mesh.authz\\n\\nallow if input.x == ${change}\\n" } }`),
    condition: "TestsPassed",
    field: ["spec.tests", /test/i],
  },
  {
    kind: "PolicyBinding",
    short: "pbind",
    text: (change) =>
      of(
        "PolicyBinding",
        `{ policy: a, direction: Inbound, entrypoints: [mesh/authz/allow], fuel: ${10_000 + change} }`,
      ),
    condition: "ResolvedRefs",
    field: ["spec.tier", /tier/],
  },
  {
    kind: "PolicySource",
    short: "psrc",
    text: (change) =>
      of("PolicySource", `{ url: "https://git.example.org/a", namespaces: [a], suspend: true, path: p${change} }`),
    condition: "Accepted",
    field: ["spec.url", /https/],
  },
  {
    kind: "TrafficPolicy",
    short: "tp",
    text: (change) => of("TrafficPolicy", `{ services: [a], retries: { "on": [connect], attempts: ${change} } }`),
    condition: "ResolvedRefs=false",
    field: ["spec.retries.on", /another try/],
  },
  {
    kind: "MeshTest",
    short: "mt",
    text: (change) => of("MeshTest", `{ request: { url: "http://nobody/${change}" }, expect: { verdict: Broken } }`),
    condition: "Accepted",
    field: ["spec.expect.verdict", /./],
  },
];

export const VERBS_CHECK: Check = {
  name: "kubectl apply, diff, get, explain, wait, describe and delete, on every kind",
  async run(world) {
    const { server, api, say } = world;
    for (const name of [NAMESPACE, "regomesh-system"])
      await api.apply(`/api/v1/namespaces/${name}`, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
    const controller = await openClusterController(server, "verbs", ["--admission", "127.0.0.1:0"]);
    try {
      await until("the webhook answers", 30_000, () =>
        run(world, ["apply", "-f", "-"], KINDS[1]?.text(1)).code === 0 ? true : undefined,
      );
      for (const kind of KINDS) walkKind(world, kind);
      const table = run(world, ["get", "mesh", "-A", "-o", "wide"]);
      say(table.out.trimEnd().replace(/^/gm, "     "));
      for (const { kind } of KINDS) {
        must(
          new RegExp(`^\\S*\\s*${kind.toLowerCase()}\\.regomesh\\.dev/`, "m").test(table.out),
          `kubectl get mesh shows no ${kind}`,
        );
      }
      for (const kind of KINDS) remove(world, kind);
      const bare = run(
        world,
        ["apply", "-f", "-"],
        of("TrafficPolicy", "{ services: [a], retries: { on: [connect] } }", "bare"),
      );
      must(bare.code !== 0 && /write "on" in quotes/.test(bare.out), `a bare on: ${bare.out}`);
      say(`     ${bare.out.trim().split("\n").at(-1)}`);
    } finally {
      await controller.close();
      for (const { kind } of KINDS) kubectl(server, ["delete", kind, "--all", "-n", namespaceOf(kind)]);
      kubectl(server, ["delete", "validatingwebhookconfigurations", "regomesh", "--ignore-not-found"]);
    }
  },
};

function walkKind(world: World, { kind, short, text, condition, field: [path, says] }: Kind): void {
  const name = kind === "MeshConfig" ? "default" : "a";
  const at = ["-n", namespaceOf(kind)];
  const isThere = (verb: string, { code, out }: { readonly code: number; readonly out: string }, wanted = 0) =>
    must(code === wanted, `kubectl ${verb} of a ${kind}: ${code} ${out}`);
  const applied = run(world, ["apply", "-f", "-"], text(1));
  isThere("apply", applied);
  must(/created|unchanged/.test(applied.out), applied.out);
  must(!/warning:.*(unknown|deprecated)/i.test(applied.out), applied.out);
  isThere("wait", run(world, [...at, "wait", `--for=condition=${condition}`, `${kind}/${name}`, "--timeout=60s"]));
  isThere("diff of the same", run(world, ["diff", "-f", "-"], text(1)));
  const differs = run(world, ["diff", "-f", "-"], text(2));
  isThere("diff of a change", differs, 1);
  must(/^[+-] .*spec|^[+-]\s/m.test(differs.out), differs.out);
  const changed = run(world, ["apply", "-f", "-"], text(2));
  isThere("apply of a change", changed);
  must(/configured/.test(changed.out), changed.out);
  isThere(
    "wait once more",
    run(world, [...at, "wait", `--for=condition=${condition}`, `${kind}/${name}`, "--timeout=60s"]),
  );
  const got = run(world, [...at, "get", short, name]);
  isThere("get", got);
  must(/ACCEPTED/.test(got.out) && new RegExp(`^${name}\\s.*(True|False)`, "m").test(got.out), got.out);
  const explained = run(world, ["explain", `${kind}.${path}`]);
  isThere("explain", explained);
  must(says.test(explained.out.split("DESCRIPTION:")[1] ?? ""), explained.out);
  const described = run(world, [...at, "describe", kind, name]);
  isThere("describe", described);
  must(/Conditions:/.test(described.out) && /Observed Generation:\s+2/.test(described.out), described.out);
}

function remove(world: World, { kind }: Kind): void {
  const deleted = run(world, [
    "delete",
    kind,
    kind === "MeshConfig" ? "default" : "a",
    "-n",
    namespaceOf(kind),
    "--timeout=20s",
  ]);
  must(deleted.code === 0 && /deleted/.test(deleted.out), `kubectl delete of a ${kind}: ${deleted.out}`);
}

function run({ server }: World, args: readonly string[], input?: string) {
  return kubectl(server, args, input);
}
