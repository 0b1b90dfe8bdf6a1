/** Resources as `get` lists them: what a kind is called on the command line, and the columns that tell it best. */
import type { ResourceBody } from "@regomesh/controller";
import { KINDS, type Kind, nearest } from "@regomesh/resources";
import { UsageError } from "./command.ts";
import { type Column, printTable } from "./table.ts";
import { plain } from "./units.ts";

type Cell = readonly [name: string, of: (spec: Spec, metadata: Spec) => unknown];
type Spec = Readonly<Record<string, unknown>>;
type Row = { readonly names: readonly string[]; readonly cells: readonly Cell[] };

const list = (value: unknown, of: (each: Spec) => unknown): string =>
  Array.isArray(value) ? value.map((each) => text(of(each as Spec))).join(",") : "";
const keys = (value: unknown): string => (isSpec(value) ? Object.keys(value).join(",") : "");
const field = (value: unknown, name: string): unknown => (isSpec(value) ? value[name] : undefined);

/** Beside its own name, in any case and number. Defaults that are not written stand in brackets. */
const ROWS: Readonly<Record<Kind, Row>> = {
  MeshConfig: {
    names: ["config", "mc"],
    cells: [
      ["TRUST-DOMAIN", (spec) => spec["trustDomain"]],
      ["DEFAULT", (spec) => spec["defaultVerdict"] ?? "(Deny)"],
    ],
  },
  MeshService: {
    names: ["service", "svc", "ms"],
    cells: [
      [
        "PORTS",
        (spec) =>
          list(spec["ports"], ({ name, port, mode }) => `${text(name)}:${text(port)}${mode === "Edge" ? "/edge" : ""}`),
      ],
      ["SUBSETS", (spec) => list(spec["subsets"], ({ name }) => name)],
      ["HOSTS", (spec) => list(spec["hosts"], (host) => host)],
    ],
  },
  Workload: {
    names: ["wl"],
    cells: [
      ["SERVICE", (spec) => spec["service"]],
      [
        "LISTEN",
        (spec) =>
          list(spec["ports"], ({ listen }) =>
            isSpec(listen) ? `${text(listen["address"])}:${text(listen["port"])}` : "(any)",
          ),
      ],
      ["LABELS", (_, metadata) => pairs(metadata["labels"])],
    ],
  },
  Policy: {
    names: ["pol"],
    cells: [
      ["MODULES", (spec) => keys(spec["modules"])],
      ["TESTS", (spec) => keys(spec["tests"])],
    ],
  },
  PolicyBinding: {
    names: ["binding", "pb"],
    cells: [
      ["UNIT", (spec) => spec["unit"] ?? `Policy ${text(spec["policy"])}`],
      ["DIRECTION", (spec) => spec["direction"]],
      ["TIER", (spec) => spec["tier"] ?? "(Namespace)"],
      ["MODE", (spec) => spec["mode"] ?? "(Enforce)"],
      ["ENTRYPOINTS", (spec) => list(spec["entrypoints"], (each) => (isSpec(each) ? each["name"] : each))],
    ],
  },
  PolicySource: {
    names: ["source", "src"],
    cells: [
      ["URL", (spec) => spec["url"]],
      ["FOLLOWS", (spec) => spec["commit"] ?? spec["tag"] ?? spec["branch"] ?? "(main)"],
      ["NAMESPACES", (spec) => list(spec["namespaces"], (each) => each)],
      ["SUSPENDED", (spec) => (spec["suspend"] === true ? "yes" : "")],
    ],
  },
  MeshTest: {
    names: ["test", "mt"],
    cells: [
      ["CALLER", (spec) => spec["caller"] ?? "(outside)"],
      [
        "REQUEST",
        (spec) => `${text(field(spec["request"], "method") ?? "(GET)")} ${text(field(spec["request"], "url"))}`,
      ],
      ["EXPECT", (spec) => field(spec["expect"], "verdict")],
    ],
  },
  TrafficPolicy: {
    names: ["traffic", "tp"],
    cells: [
      ["SERVICES", (spec) => list(spec["services"], (each) => each)],
      ["REQUEST", (spec) => field(spec["timeouts"], "request") ?? "(15s)"],
      ["BALANCER", (spec) => spec["balancer"] ?? "(LeastRequest)"],
    ],
  },
};

/** The kind that a word means. Throws UsageError with the near one. */
export function parseKind(word: string): Kind {
  const plural = word.toLowerCase();
  for (const name of [plural, plural.replace(/s$/, ""), plural.replace(/ies$/, "y")]) {
    for (const kind of Object.keys(KINDS) as Kind[]) {
      if (kind.toLowerCase() === name || ROWS[kind].names.includes(name)) return kind;
    }
  }
  const known = (Object.keys(KINDS) as Kind[]).flatMap((kind) => [kind, ...ROWS[kind].names]);
  const near = nearest(word, known);
  const hint = near === undefined ? `; there are ${Object.keys(KINDS).join(", ")}` : `; did you mean ${near}?`;
  throw new UsageError(`there is no kind ${word}${hint}`);
}

/** Lines of one kind's resources under its header. */
export function printResources(kind: Kind, resources: readonly ResourceBody[], isWide: boolean): readonly string[] {
  const { cells } = ROWS[kind];
  const columns: Column[] = ["NAMESPACE", "NAME", ...cells.map(([name]) => name), ...(isWide ? ["FILE"] : [])].map(
    (name) => ({ name }),
  );
  const rows = resources.map((each) => {
    const { spec, metadata } = each.document as { readonly spec?: unknown; readonly metadata?: unknown };
    const own = cells.map(([, of]) => text(of(isSpec(spec) ? spec : {}, isSpec(metadata) ? metadata : {})) || "-");
    return [each.namespace || "-", each.name, ...own, ...(isWide ? [`${each.file}:${each.row}`] : [])].map(plain);
  });
  return printTable(columns, rows);
}

function pairs(value: unknown): string {
  return isSpec(value)
    ? Object.entries(value)
        .map(([name, each]) => `${name}=${text(each)}`)
        .join(",")
    : "";
}

function text(value: unknown): string {
  return value === undefined || value === null ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
}

function isSpec(value: unknown): value is Spec {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
