/**
 * Units that are written into a Policy: to all that reads units they are directories of the source,
 * `Policy/NAMESPACE/NAME`, that no commit can have beside them, as nobody names one so in a binding.
 */
import type { Source } from "@regomesh/base";
import { type Policy, type PolicyBinding, parseResources, type Resource } from "@regomesh/resources";
import { below, qualify, relativeName, resourceFiles, type SourceTree, unitNames } from "./source-tree.ts";

const FOLDER = "Policy";

/** The directory, as its source knows it, that a Policy's unit stands in. */
export function inlineUnit(namespace: string, policy: string): string {
  return `${FOLDER}/${namespace}/${policy}`;
}

/** Whether a binding's `unit` would be a Policy's, which it may name by `policy` alone: its own namespace's. */
export function isInlineUnit(unit: string): boolean {
  return unit.startsWith(`${FOLDER}/`);
}

/** Of a tree that has their files, as all sources know them. */
export function inlineUnits(tree: SourceTree): readonly string[] {
  return unitNames(tree).filter((name) => isInlineUnit(name.slice(qualify(tree, "").length)));
}

/** The tree with the files of its Policies. */
export function withInlineUnits(tree: SourceTree, resources: readonly Resource[]): SourceTree {
  const policies = resources.filter((each) => each.kind === "Policy");
  if (policies.length === 0) return tree;
  const others = tree.files.filter(({ name }) => !isInlineUnit(relativeName(tree, name) ?? ""));
  return { ...tree, files: [...others, ...policies.flatMap((policy) => filesOf(tree, policy))] };
}

/** The same for whoever has read no resources. */
export function expandTree(tree: SourceTree): SourceTree {
  return withInlineUnits(
    tree,
    resourceFiles(tree).flatMap((file) => parseResources(file).resources),
  );
}

/** What was found out about a binding is found again by it: of one that stays the same, so does this. */
const qualifiedBindings = new WeakMap<PolicyBinding, PolicyBinding>();

/** The binding, its unit named as all sources know it. */
export function qualifyBinding(tree: SourceTree, binding: PolicyBinding): PolicyBinding {
  const { metadata, spec } = binding;
  const unit = qualify(tree, spec.policy === undefined ? spec.unit : inlineUnit(metadata.namespace, spec.policy));
  if (unit === spec.unit) return binding;
  const known = qualifiedBindings.get(binding);
  const qualified = known?.spec.unit === unit ? known : { ...binding, spec: { ...spec, unit } };
  qualifiedBindings.set(binding, qualified);
  return qualified;
}

/** The same of a Policy. */
const inlineFiles = new WeakMap<Policy, { readonly folder: string; readonly files: readonly Source[] }>();

function filesOf(tree: SourceTree, policy: Policy): readonly Source[] {
  const folder = `${below(tree)}${inlineUnit(policy.metadata.namespace, policy.metadata.name)}`;
  const known = inlineFiles.get(policy);
  const files = known?.folder === folder ? known.files : makeFiles(folder, policy);
  inlineFiles.set(policy, { folder, files });
  return files;
}

function makeFiles(folder: string, { spec }: Policy): readonly Source[] {
  const modules = Object.entries({ ...spec.modules, ...spec.tests });
  const data = Object.keys(spec.data).length === 0 ? [] : [["data.json", JSON.stringify(spec.data)] as const];
  return [...modules, ...data].map(([name, text]) => ({ name: `${folder}/${name}`, text }));
}
