/** Commits that are wrong, each in its own way. */

const REGO = "examples/authz/orders.rego";
const MESH = "examples/mesh/mesh.yaml";
const BINDINGS = "examples/mesh/bindings.yaml";
const DATA = "examples/authz/data.yaml";

/** A change of one file that no build may take. */
export type Poison = readonly [file: string, change: (text: string, n: number) => string];
/** Of the demo's repository; each with a number in it, so that no two are alike. */
export const POISONS: readonly Poison[] = [
  [REGO, (text, n) => `${text}\nallow := := ${n}\n`],
  [REGO, (text, n) => `${text}\nallow if input.x == nobody_${n}\n`],
  [REGO, (text, n) => `${text}\np_${n} := p_${n}\n`],
  [REGO, (text, n) => `${text}\nq_${n} := unknown_builtin_${n}(1)\n`],
  [REGO, (text, n) => `${text}\nr_${n} := http.send({"url": "http://x/${n}"})\n`],
  [REGO, (text, n) => text.slice(0, text.length - 20 - (n % 50))],
  [REGO, (text, n) => text.replace("default allow := false", `default allow := ${n % 2 === 0}\n\nallow := "${n}"`)],
  [MESH, (text, n) => text.replace("kind: MeshService", `kind: MeshServise${n}`)],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: MeshConfig\nmetadata: { name: m${n} }\nspec: {}\n`,
  ],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: MeshService\nmetadata: { name: s${n} }\nspec: { ports: [{ port: ${70_000 + n} }] }\n`,
  ],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: MeshService\nmetadata: { name: s${n} }\nspec: { prots: [] }\n`,
  ],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: Workload\nmetadata: { name: w${n} }\nspec: { service: gone${n} }\n`,
  ],
  [
    MESH,
    (text, n) =>
      `${text}\n---\napiVersion: regomesh.dev/v1alpha1\nkind: MeshService\nmetadata: { name: S_${n} }\nspec: { ports: [{ port: 80 }] }\n`,
  ],
  [MESH, (text, n) => `${text}\n---\n\t- apiVersion: regomesh.dev/v1alpha1 ${n}\n`],
  [MESH, (text, n) => text.replace("cluster.local", `other${n}.example`)],
  [BINDINGS, (text, n) => text.replace(/unit: \S+/, `unit: nowhere/${n}`)],
  [BINDINGS, (text, n) => text.replace("tier: Mandatory", `tier: Mandatory${n}`)],
  [BINDINGS, (text, n) => text.replace(/mesh\/authz\/allow/, `mesh/authz/no_rule_${n}`)],
  [DATA, (text, n) => `${text}\n  - : ${n} [\n`],
  [DATA, (_, n) => `# nothing but a comment ${n}\n`],
];
