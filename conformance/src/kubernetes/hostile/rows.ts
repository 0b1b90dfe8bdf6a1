/** What is written, and what is to be said of it. */
import { kubectl } from "../api-server.ts";
import { must, type World } from "../check.ts";

export const HOSTILE = "hostile";

export type Placed = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly [more: string]: unknown };
  readonly spec?: unknown;
  /** Written to it by somebody else. */
  readonly status?: unknown;
  readonly [more: string]: unknown;
};

export type Row = {
  readonly name: string;
  readonly objects?: readonly Placed[];
  readonly play?: (world: World) => Promise<void>;
  /** By `Kind/name`. */
  readonly said?: Readonly<Record<string, RegExp>>;
};

const PLURALS: Readonly<Record<string, readonly [group: string, plural: string]>> = {
  Policy: ["regomesh.dev/v1alpha1", "policies"],
  PolicyBinding: ["regomesh.dev/v1alpha1", "policybindings"],
  TrafficPolicy: ["regomesh.dev/v1alpha1", "trafficpolicies"],
  MeshTest: ["regomesh.dev/v1alpha1", "meshtests"],
  MeshConfig: ["regomesh.dev/v1alpha1", "meshconfigs"],
  Service: ["v1", "services"],
  Pod: ["v1", "pods"],
  EndpointSlice: ["discovery.k8s.io/v1", "endpointslices"],
};

export function at(namespace: string, kind: string, name: string, spec: unknown, metadata: object = {}): Placed {
  const apiVersion = PLURALS[kind]?.[0] ?? "";
  const place = kind === "MeshConfig" ? {} : { namespace };
  return { apiVersion, kind, metadata: { name, ...place, ...metadata }, spec };
}

export function pathOf({ kind, metadata: { name, namespace } }: Placed): string {
  const [group = "", plural = ""] = PLURALS[kind] ?? [];
  const root = group === "v1" ? "/api/v1" : `/apis/${group}`;
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural}/${name}`;
}

const RULE = 'package mesh.authz\n\nallow if input.source.serviceAccount == "web"\n';
const make = (kind: string, name: string, spec: unknown, metadata?: object) => at(HOSTILE, kind, name, spec, metadata);
const policy = (name: string, rego = RULE, more: object = {}, metadata?: object) =>
  make("Policy", name, { modules: { "a.rego": rego }, ...more }, metadata);
const binding = (name: string, more: object = {}) =>
  make("PolicyBinding", name, { policy: name, direction: "Inbound", entrypoints: ["mesh/authz/allow"], ...more });
const service = (name: string, ports: readonly object[], more: object = {}) =>
  make("Service", name, { selector: { app: name }, ports, ...more });
const pod = (name: string, status: object, metadata: object = {}) => ({
  ...make(
    "Pod",
    name,
    {
      serviceAccountName: "default",
      initContainers: [{ name: "regomesh-proxy", image: "regomesh", restartPolicy: "Always" }],
      containers: [{ name: "app", image: "app", ports: [{ name: "web", containerPort: 8080 }] }],
    },
    metadata,
  ),
  status: { phase: "Running", ...status },
});
const nested = (depth: number): object => (depth === 0 ? {} : { a: nested(depth - 1) });
const condition = (type: string, status: string) => ({
  ...{ type, status, reason: "ByHand", message: "by hand", lastTransitionTime: "2030-01-01T00:00:00Z" },
  observedGeneration: 999,
});
const MANY = Array.from({ length: 16 }, (_, of) => `r${of}`);
const SLOW = [
  "package a_test",
  "slow(x) if {\n\tsome i in numbers.range(1, 100000)\n\tsum([j | some j in numbers.range(1, 5); j > i]) == x + 10000000\n}",
  ...Array.from({ length: 400 }, (_, test) => `test_${test} if not slow(${test})`),
].join("\n\n");

export const ROWS: readonly Row[] = [
  {
    name: "as large as the API server takes",
    objects: [policy("huge", RULE, { data: { a: "x".repeat(900_000) } })],
    said: { "Policy/huge": /Accepted=/ },
  },
  {
    name: "nested deeper than is read",
    objects: [policy("nested", RULE, { data: nested(60) })],
    said: { "Policy/nested": /Accepted=False/ },
  },
  {
    name: "names that programs trip over",
    objects: [
      policy("proto", `${RULE}\nx := "\\u202e\\u0000\\u2028🏴 ِ "\n`, {
        data: { ["__proto__"]: { allow: true }, constructor: { prototype: 1 }, toString: "\u2028\u0000\u202e" },
      }),
      policy("a.b.c", RULE),
      policy("constructor", RULE),
      binding("constructor"),
    ],
    said: { "Policy/a.b.c": /Accepted=/, "PolicyBinding/constructor": /ResolvedRefs=True/ },
  },
  {
    name: "a Service whose ports change, and mean others than its neighbour's",
    objects: [
      service("ports", [{ name: "http", port: 80, targetPort: "nowhere" }]),
      { ...service("ports-too", [{ name: "http", port: 80, targetPort: 1 }], { selector: { app: "ports" } }) },
      pod("ports-1", { podIP: "10.9.0.1", podIPs: [{ ip: "10.9.0.1" }] }, { labels: { app: "ports" } }),
    ],
    async play({ server }) {
      for (let port = 81; port < 91; port++) {
        const change = JSON.stringify([{ op: "replace", path: "/spec/ports/0/port", value: port }]);
        const args = ["patch", "service", "ports", "-n", HOSTILE, "--type=json", "-p", change];
        must(kubectl(server, args).code === 0, "a port is not changed");
      }
    },
  },
  {
    name: "two Pods of one address, one without, and one of the host's",
    objects: [
      pod("one", { podIP: "10.9.0.2", podIPs: [{ ip: "10.9.0.2" }] }),
      pod("two", { podIP: "10.9.0.2", podIPs: [{ ip: "10.9.0.2" }] }),
      pod("none", {}),
      pod("six", { podIP: "fd00::1", podIPs: [{ ip: "fd00::1" }] }),
      pod("outside", { podIP: "127.0.0.1", podIPs: [{ ip: "127.0.0.1" }] }),
    ],
  },
  {
    name: "another's finalizer, and ownerReferences in a circle",
    objects: [
      policy("held", RULE, {}, { finalizers: ["example.org/never"] }),
      policy(
        "owner-a",
        RULE,
        {},
        {
          ownerReferences: [{ apiVersion: "regomesh.dev/v1alpha1", kind: "Policy", name: "owner-b", uid: "b" }],
        },
      ),
      policy(
        "owner-b",
        RULE,
        {},
        {
          ownerReferences: [{ apiVersion: "regomesh.dev/v1alpha1", kind: "Policy", name: "owner-a", uid: "a" }],
        },
      ),
    ],
    async play({ server }) {
      must(kubectl(server, ["delete", "policy", "held", "-n", HOSTILE, "--wait=false"]).code === 0, "not deleted");
    },
    said: { "Policy/owner-a": /Accepted=True/, "Policy/held": /Accepted=True/ },
  },
  {
    name: "one name across kinds",
    objects: [
      ...[policy("same"), binding("same", { selector: { services: ["same"] } }), service("same", [{ port: 80 }])],
      make("TrafficPolicy", "same", { services: ["same"] }),
      make("MeshTest", "same", { caller: "same", request: { url: "http://same/" }, expect: { verdict: "Denied" } }),
      pod("same", { podIP: "10.9.0.3", podIPs: [{ ip: "10.9.0.3" }] }, { labels: { app: "same" } }),
    ],
    said: {
      "Policy/same": /Programmed=True/,
      "TrafficPolicy/same": /Accepted=True/,
      "MeshTest/same": /TestsPassed=True/,
    },
  },
  {
    name: "annotations that are no YAML, as large as they may be",
    objects: [
      policy(
        "noted",
        RULE,
        {},
        {
          annotations: {
            "kubectl.kubernetes.io/last-applied-configuration": "{[: \u0000",
            "example.org/large": "\t- : &a *a {".repeat(20_000),
          },
          labels: { "example.org/x": "y" },
        },
      ),
    ],
    said: { "Policy/noted": /Accepted=True/ },
  },
  {
    name: "selectors that match everything, and nothing",
    objects: [
      ...[policy("all"), binding("all", { tier: "Default" })],
      ...[policy("nothing"), binding("nothing", { selector: { labels: { no: "body" } } })],
      ...[policy("root"), binding("root", { selector: { namespaces: ["*"] } })],
      ...[policy("mandatory"), binding("mandatory", { tier: "Mandatory" })],
      { ...make("Service", "everybody", { selector: {}, ports: [{ port: 80 }] }) },
    ],
    said: {
      "PolicyBinding/all": /Accepted=True/,
      "PolicyBinding/nothing": /Programmed=True NoProxy: it concerns no workload/,
      "PolicyBinding/root": /Accepted=False Invalid: a binding of namespace hostile may not reach all namespaces/,
      "PolicyBinding/mandatory": /Accepted=False Invalid: only a binding of namespace regomesh-system may be mandatory/,
    },
  },
  {
    name: "a status that somebody else has written, of a time and a text to come",
    objects: [
      {
        ...policy("told", "package mesh.authz\n\nallow if y\n"),
        status: {
          observedGeneration: 999,
          revision: "by hand",
          conditions: [condition("Accepted", "True"), condition("Programmed", "True"), condition("Own", "False")],
        },
      },
    ],
    said: { "Policy/told": /Accepted=False/ },
  },
  {
    name: "a Lease of a time to come",
    async play({ api }) {
      const path = "/apis/coordination.k8s.io/v1/namespaces/regomesh-system/leases/regomesh-controller";
      const body = {
        apiVersion: "coordination.k8s.io/v1",
        kind: "Lease",
        metadata: { name: "regomesh-controller", namespace: "regomesh-system" },
        spec: { holderIdentity: "nobody", leaseDurationSeconds: 15, renewTime: "2036-01-01T00:00:00.000000Z" },
      };
      must((await api.apply(path, body, "hostile")).status < 300, "the Lease is not taken");
    },
  },
  {
    name: "made and deleted in turn, forty times, and made anew by the same name",
    async play({ api }) {
      const path = pathOf(policy("flicker"));
      for (let turn = 0; turn < 40; turn++) {
        must((await api.apply(path, policy("flicker", `package a${turn}\n`), "hostile")).status < 300, "not made");
        if (turn < 39) await api.ask("DELETE", path);
      }
    },
    said: { "Policy/flicker": /Accepted=True/ },
  },
  {
    name: "endpoints that are of nobody, or of somebody else",
    objects: [
      {
        ...make("EndpointSlice", "foreign", undefined, { labels: { "kubernetes.io/service-name": "good" } }),
        addressType: "IPv4",
        endpoints: [
          { addresses: ["10.9.0.1"], targetRef: { kind: "Pod", namespace: "hostile-good", name: "good-1" } },
          { addresses: ["10.9.0.1"], conditions: { ready: true, serving: false, terminating: true } },
        ],
        ports: [{ port: 1 }],
      },
      {
        ...make("EndpointSlice", "named", undefined, { labels: { "kubernetes.io/service-name": "same" } }),
        addressType: "FQDN",
        endpoints: [{ addresses: ["metadata.google.internal"] }],
        ports: [],
      },
    ],
  },
  {
    name: "more entrypoints than there may be, and names that are none",
    objects: [
      ...["many-a", "many-b"].flatMap((name) => [
        policy(name, `package mesh.authz\n\n${MANY.map((rule) => `${rule} := true`).join("\n\n")}\n`),
        binding(name, { entrypoints: MANY.map((rule) => ({ name: `mesh/authz/${rule}`, kind: "Authz" })) }),
      ]),
      ...[policy("strange"), binding("strange", { entrypoints: [{ name: "mesh/authz/__proto__", kind: "Authz" }] })],
    ],
    said: {
      "PolicyBinding/many-b": /Accepted=False Invalid: a workload has more than 31 entrypoints/,
      "PolicyBinding/strange": /(?:ResolvedRefs|Accepted)=False/,
    },
  },
  {
    name: "twenty Policies whose tests take as long as they may",
    objects: Array.from({ length: 20 }, (_, of) =>
      policy(`slow-${of}`, "package a\n", { tests: { "a_test.rego": `${SLOW}\n# ${of}\n` } }),
    ),
    said: { "Policy/slow-19": /Accepted=False[\s\S]*TestsPassed=False/ },
  },
  {
    name: "a Policy that counts as a stand-in would, and one that prints and calls out",
    objects: [
      policy("missing", 'package mesh.authz\n\nallow := json.unmarshal("\\"x\\"")\n'),
      policy("calls", 'package mesh.authz\n\nallow if http.send({"method": "GET", "url": "http://127.0.0.1/"}).body\n'),
      policy("asks", "package mesh.authz\n\nallow if opa.runtime().env.HOME\n"),
      ...[binding("calls"), binding("asks")],
    ],
    said: { "Policy/calls": /=False/ },
  },
  {
    name: "an object of its own version, that was stored by another",
    async play({ server, api }) {
      const path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/meshtests.regomesh.dev";
      const crd = (await api.ask("GET", path)).body as {
        readonly spec: { readonly versions: readonly { readonly name: string }[] };
      };
      const [current] = crd.spec.versions;
      const older = { ...current, name: "v1alpha0", storage: true };
      const setTo = async (versions: readonly object[]) => {
        const answer = await api.ask("PATCH", path, { spec: { versions } }, "application/merge-patch+json");
        must(answer.status < 300, `the kind is not changed: ${String(answer.body["message"])}`);
      };
      await setTo([{ ...current, storage: false }, older]);
      const text = `apiVersion: regomesh.dev/v1alpha1\nkind: MeshTest\nmetadata: { name: stored, namespace: ${HOSTILE} }\nspec: { request: { url: "http://nobody/" }, expect: { verdict: Broken } }\n`;
      must(kubectl(server, ["apply", "-f", "-"], text).code === 0, "it is not stored by an older version");
      await setTo([
        { ...current, storage: true },
        { ...older, storage: false },
      ]);
      // A version that an object may be stored by is only taken away when none is.
      await api.ask("DELETE", `/apis/regomesh.dev/v1alpha1/namespaces/${HOSTILE}/meshtests/stored`);
    },
  },
  {
    name: "a namespace that is deleted with all in it",
    async play({ server, api }) {
      const name = "hostile-gone";
      await api.apply(`/api/v1/namespaces/${name}`, { apiVersion: "v1", kind: "Namespace", metadata: { name } });
      for (const each of [policy("x"), binding("x"), service("x", [{ port: 80 }])]) {
        const moved = { ...each, metadata: { ...each.metadata, namespace: name } };
        must((await api.apply(pathOf(moved), moved, "hostile")).status < 300, "it is not made");
      }
      kubectl(server, ["delete", "namespace", name, "--wait=false"]);
      const deleted = kubectl(server, ["delete", "mesh,services", "--all", "-n", name, "--timeout=20s"]);
      must(deleted.code === 0, deleted.out);
    },
  },
  {
    name: "MeshTests about others, and one that asks for all that there is",
    objects: [
      make("MeshTest", "others", {
        ...{ caller: "hostile-good/x", request: { url: "http://same/" }, expect: { verdict: "Allowed" } },
      }),
      make("MeshTest", "nobody", {
        ...{ caller: "same", request: { url: "http://[::1]:99999/", headers: { host: "\u00e9" } } },
        expect: { verdict: "Broken" },
      }),
    ],
    said: { "MeshTest/others": /=False/, "MeshTest/nobody": /Accepted=/ },
  },
];
