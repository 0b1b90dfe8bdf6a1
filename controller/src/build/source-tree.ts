/** The files of a source, and which of them are resources, units or nothing of ours. */
import type { Source } from "@regomesh/base";
import { API_GROUP } from "@regomesh/resources";
import type { UnitFiles } from "./tools.ts";

export type SourceTree = {
  /** Directory of the repository that is the source; "" is all of it. */
  readonly path: string;
  /** Named by their path in the repository. */
  readonly files: readonly Source[];
};

/** Files that a build can read; the git source sends no others. */
export const READABLE = /\.(rego|ya?ml|json)$/;

/** `data.yaml` and `data.json` are a unit's data, as in OPA's bundles; other YAML that names our group is resources. */
export function resourceFiles({ files }: SourceTree): readonly Source[] {
  return files.filter(
    ({ name, text }) => /\.ya?ml$/.test(name) && !/(^|\/)data\.ya?ml$/.test(name) && text.includes(`${API_GROUP}/`),
  );
}

/** Every directory, as bindings name it, that holds Rego itself. */
export function unitNames(tree: SourceTree): readonly string[] {
  const names = new Set<string>();
  for (const { name } of tree.files) {
    const inside = relativeName(tree, name);
    const slash = inside?.lastIndexOf("/") ?? -1;
    if (inside?.endsWith(".rego") && slash > 0) names.add(inside.slice(0, slash));
  }
  return [...names].sort();
}

/** The unit of a name, with everything below its directory; undefined where that holds no Rego. */
export function unitOf(tree: SourceTree, name: string): UnitFiles | undefined {
  const directory = tree.path === "" ? name : `${tree.path}/${name}`;
  const files = tree.files.filter((file) => file.name.startsWith(`${directory}/`));
  return files.some((file) => file.name.endsWith(".rego")) ? { name, directory, files } : undefined;
}

function relativeName(tree: SourceTree, name: string): string | undefined {
  if (tree.path === "") return name;
  return name.startsWith(`${tree.path}/`) ? name.slice(tree.path.length + 1) : undefined;
}
