/**
 * Codes of what `regomesh analyze` finds: what a pipeline may name and a person look up. A code keeps its meaning
 * for ever; the diagnostic's own name stands beside it. docs/analyze.md is made of this table.
 */

export type AnalyzedCode = {
  /** `RM0201` */
  readonly code: string;
  /** The diagnostic's own, as `check` and a status have it. */
  readonly name: string;
  readonly what: string;
  readonly fix: string;
};

type Row = readonly [number: number, name: string, what: string, fix: string];

const GROUPS: readonly (readonly [title: string, rows: readonly Row[]])[] = [
  [
    "Text and fields",
    [
      [101, "yaml_syntax", "the text is no YAML", "correct the line"],
      [102, "yaml_alias", "an alias stands for a value", "write the value out"],
      [103, "yaml_limit", "the file is too long, too deep, or of too many documents", "divide it"],
      [104, "resource_kind", "a kind or version that is not known", "write one of `regomesh docs`"],
      [105, "resource_field", "a field that the kind has not", "see `regomesh docs KIND`"],
      [106, "resource_value", "a value that the field does not take", "see `regomesh docs KIND`"],
      [107, "resource_missing", "a field that must be there is not", "add it"],
      [108, "object_refused", "the object's status says that it is not accepted", "see the condition's message"],
    ],
  ],
  [
    "How resources fit",
    [
      [201, "resource_duplicate", "two resources have one name", "rename one, or take it away"],
      [202, "resource_namespace", "the path may not speak for the namespace", "move it, or widen `--allow`"],
      [203, "reference_unknown", "it names what is not there", "correct the name, or add what it names"],
      [204, "reference_unused", "it names what nothing answers to", "correct the labels"],
      [205, "service_port", "ports of a service or workload do not fit", "give each its own name and number"],
      [206, "service_host", "a host is another service's", "choose another host"],
      [207, "service_route", "a subset or default route does not fit its service", "correct the subset's name"],
      [208, "binding_tier", "the tier is not for this namespace", "move it to regomesh-system, or lower the tier"],
      [209, "binding_namespace", "it reaches namespaces that are not its own", "move it to regomesh-system"],
      [210, "binding_entrypoint", "the unit has no such entrypoint", "correct the path, or add the rule"],
      [
        211,
        "binding_fault",
        "a shadow or an optional filter is set to deny on faults",
        "see `regomesh docs PolicyBinding`",
      ],
      [212, "binding_count", "too many bindings reach one workload", "join some of them"],
      [213, "binding_twice", "one entrypoint is bound twice", "take one away"],
      [214, "workload_count", "the mesh has too many workloads", "divide the mesh"],
      [215, "release_canary", "the canaries do not fit", "correct the labels"],
      [216, "trust_domain", "the trust domain would become another", "leave it, or start with a new state"],
      [217, "policy_absent", "a binding's Policy is not there", "apply the Policy, or delete the binding"],
    ],
  ],
  [
    "Routes",
    [
      [301, "route_parent", "a route does not hold for a parent", "correct the parent's name or port"],
      [
        302,
        "route_reference",
        "a route refers to what is not there, or may not be named",
        "correct it, or add a ReferenceGrant",
      ],
      [
        303,
        "port_unknown",
        "the protocol of a Service's port is not said",
        "set appProtocol, or begin its name with it",
      ],
      [304, "route_expression", "an expression of a route is none", "correct it: regular expressions are RE2's"],
      [
        305,
        "route_length",
        "a namespace's routes are longer than its share",
        "say less in the routes of the namespace",
      ],
    ],
  ],
  [
    "Policies",
    [
      [401, "rego_parse_error", "the text is no Rego", "correct the line"],
      [402, "rego_compile_error", "the Rego does not compile", "see the message"],
      [403, "rego_type_error", "values of these types do not go together", "see the message"],
      [404, "rego_unsafe_var_error", "a variable may have no value", "bind it before its use"],
      [405, "rego_recursion_error", "a rule depends on itself", "break the circle"],
      [406, "data_error", "a data document cannot be read", "correct the file"],
      [407, "data_void", "a data document is nowhere to be seen", "rename or move the file"],
      [408, "policy_too_large", "a module is larger than proxies take", "divide the unit, or make its data smaller"],
      [409, "policy_too_deep", "the text nests too deep", "divide it"],
      [410, "policy_not_offered", "it asks for what a proxy does not offer", "see docs/built-ins.md"],
      [411, "policy_missing", "the unit is not there", "add it, or correct the binding"],
      [412, "entrypoint_missing", "there is no rule of that name", "correct the path"],
      [413, "decision_type", "a decision is of no shape that a proxy takes", "see docs/input-and-decisions.md"],
      [414, "slow_path", "a rule looks at everything that there is", "look up by a key"],
      [415, "rego_version", "the manifest names a version of Rego that is none", "write 0 or 1"],
      [416, "emit_error", "it cannot be compiled to WebAssembly", "see the message"],
    ],
  ],
  [
    "Tests",
    [
      [501, "test_failed", "a test fails", "correct the policy, or the test"],
      [502, "test_asks_clock", "a test passes by the time of day", "give it a time: `with time.now_ns as …`"],
      [503, "test_time", "tests take longer than their namespace's may", "make them quicker"],
      [505, "test_waiting", "tests have not run yet", "wait: a controller runs them by itself"],
      [504, "test_namespace", "a MeshTest asks about other namespaces than its own", "move it to one of theirs"],
    ],
  ],
  [
    "Sources",
    [
      [601, "source_name", "the name is another source's", "rename it"],
      [602, "source_url", "the address is none that is followed", "write https:// or ssh://"],
      [603, "source_followed", "a branch, a tag and a commit at once", "leave one"],
      [604, "source_unread", "a file is not read", "see the message"],
      [605, "source_place", "a file stands where it is not read", "move it"],
      [606, "source_loss", "the change takes much away", "confirm it, by the hash that is shown"],
      [607, "source_principal", "a test's principal is none of the mesh", "correct it"],
    ],
  ],
  ["Pods", [[701, "pod_not_injected", "a Pod is to be injected, and has no proxy", "make it anew"]]],
];

export const CODE_GROUPS: readonly { readonly title: string; readonly codes: readonly AnalyzedCode[] }[] = GROUPS.map(
  ([title, rows]) => ({
    title,
    codes: rows.map(([number, name, what, fix]) => ({ code: `RM${String(number).padStart(4, "0")}`, name, what, fix })),
  }),
);

const BY_NAME = new Map(CODE_GROUPS.flatMap(({ codes }) => codes.map((each) => [each.name, each] as const)));

/** Of a diagnostic that has no number yet. */
const OTHER: Omit<AnalyzedCode, "name"> = { code: "RM0000", what: "something else", fix: "see the message" };

export function codeOf(name: string): AnalyzedCode {
  return BY_NAME.get(name) ?? { ...OTHER, name };
}

/** docs/analyze.md. */
export function printCodes(): string {
  const tables = CODE_GROUPS.flatMap(({ title, codes }) => {
    const rows = [
      ["code", "name", "what it says", "fix"],
      ...codes.map(({ code, name, what, fix }) => [`\`${code}\``, `\`${name}\``, what, fix]),
    ];
    const widths = [0, 1, 2, 3].map((at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
    const line = (cells: readonly string[]) =>
      `| ${cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(" | ")} |`;
    const [head = [], ...others] = rows;
    return [`## ${title}`, "", line(head), line(widths.map((width) => "-".repeat(width))), ...others.map(line), ""];
  });
  return [INTRODUCTION, ...tables].join("\n");
}

const INTRODUCTION = `# What \`regomesh analyze\` finds

\`\`\`text
regomesh analyze [DIRECTORY]            # a source, as \`check\` reads it
regomesh analyze -A [--context NAME]    # a cluster: its objects, Services and Pods, by its API server
\`\`\`

Each finding has a code that stays, its place, and a way out: \`-o json\` gives them as records, and \`--fail-on warning\`
makes a pipeline stop at warnings, too. In a cluster the place is the object: \`PolicyBinding/shop/orders\`, and of a Policy
the file of its module. A test that fails is \`RM0501\`. \`name\` is how \`check\`, a status and a log call the same.
\`RM0000\` is of what has no code yet.
`;
