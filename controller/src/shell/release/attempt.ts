/** One attempt at a revision: contents are built together, and whether that may go in force beside what is. */
import { NO_FILE } from "@regomesh/base";
import type { BuildRules, Built } from "../../build/build.ts";
import { sourceOf } from "../../build/source-tree.ts";
import type { SourceRights } from "../../index/rights.ts";
import { freshIn } from "../../index/seniority.ts";
import { inputsOf } from "../../sources/inputs.ts";
import { readAs } from "../../sources/read-as.ts";
import { type Attempt, contentKey } from "../../sources/settle.ts";
import type { SourceContent } from "../../sources/source.ts";
import type { SourcePlan } from "../../sources/source-plan.ts";
import { type Builder, BuildFailed } from "../build/builder.ts";
import type { Kept } from "../store/last-good.ts";
import type { Losses } from "./losses.ts";
import { REFUSED, toRecord } from "./refused.ts";

export type BuildingOptions = {
  readonly builder: Builder;
  /** Of the mesh's own source. */
  readonly rights: SourceRights;
  /** Of those that the operator has named. */
  readonly sources: Readonly<Record<string, SourceRights>>;
  /** The authority's; undefined while there is none. */
  readonly trustDomain: () => string | undefined;
};

/** What contents are held against. */
export type Beside = {
  readonly kept: Kept | undefined;
  /** What is in force of each source. */
  readonly good: ReadonlyMap<string, SourceContent>;
};

/** Throws BuildUnavailable where the machine is to blame. */
export async function buildContents(
  contents: readonly SourceContent[],
  { kept, good }: Beside,
  { builder, rights, sources, trustDomain }: BuildingOptions,
): Promise<Built> {
  const rules: BuildRules = {
    rights,
    sources,
    trustDomain: trustDomain() ?? kept?.release.plan.mesh.trustDomain,
    hosts: kept?.release.plan.inventory?.hosts,
  };
  const trees = contents.map(({ source, path, files, unread = [], inPieces = false, mayWait = false }) => {
    const before = good.get(source);
    const fresh = freshIn(files, before?.path === path ? before.files : undefined);
    return { source, path, files, unread, inPieces, mayWait, ...(fresh === undefined ? {} : { fresh }) };
  });
  try {
    return await builder.build(trees, rules);
  } catch (error) {
    if (!(error instanceof BuildFailed)) throw error;
    return { ...REFUSED, diagnostics: [toRecord(error.code, error.message)] };
  }
}

/** Whether what was built may go in force beside what is. `confirmed`: hashes of losses that are meant. */
export async function judge(
  built: Built,
  contents: readonly SourceContent[],
  { kept, good }: Beside,
  { losses, confirmed }: { readonly losses: Losses; readonly confirmed: ReadonlySet<string> },
): Promise<Attempt<Built>> {
  const { plan, ...rest } = built;
  if (plan === undefined) return toAttempt(built, contents);
  const against = againstWord(plan.sources ?? [], contents, good);
  if (against !== undefined) {
    const diagnostics = [toRecord("source_unread", against.message)];
    return { built: { ...rest, diagnostics }, isGood: false, blames: [against.source] };
  }
  const unread = unreadOf(built, contents, kept);
  if (unread !== undefined) {
    const message = `source ${unread} has not been read since the start, and nothing is kept of it`;
    return toAttempt({ ...rest, diagnostics: [toRecord("source_unread", message)] }, contents);
  }
  // What is in force without its directory was asked for when it came.
  const isNew = (each: SourceContent) => good.get(each.source)?.revision.id !== each.revision.id;
  const judged = await losses.judge({ ...rest, plan }, contents, { inForce: kept?.release, confirmed, isNew });
  return toAttempt(judged, contents);
}

/** As it was built, with the sources that are to blame for what is wrong with it. */
export function toAttempt(built: Built, contents: readonly SourceContent[]): Attempt<Built> {
  const sources = contents.map(({ source }) => source);
  const places = [...built.diagnostics.filter(({ severity }) => severity === "error"), ...built.failedTests];
  const blamed = places.flatMap(({ file }) => (file === NO_FILE ? [] : [sourceOf(file, sources)]));
  return { built, isGood: built.plan !== undefined, blames: [...new Set(blamed)] };
}

/**
 * A source whose content is not to be taken as `plans` say, and why: it is suspended, or was read from elsewhere, or
 * verified otherwise. What is in force of it stays.
 */
function againstWord(
  plans: readonly SourcePlan[],
  contents: readonly SourceContent[],
  good: Beside["good"],
): { readonly source: string; readonly message: string } | undefined {
  for (const content of contents) {
    const { source } = content;
    const said = plans.find(({ name }) => name === source);
    if (said === undefined || isInForce(content, good)) continue;
    if (said.suspend) return { source, message: `source ${source} is suspended: nothing new of it is taken` };
    if (content.readAs !== undefined && readAs(said) !== content.readAs)
      return { source, message: `source ${source} was read as the mesh had it before, and is read anew` };
  }
  return undefined;
}

/** Whether it is what is in force of its source, or was under the name that this had before. */
export function isInForce(content: SourceContent, good: Beside["good"]): boolean {
  const inForce = good.get(content.source);
  if (inForce !== undefined && contentKey(inForce) === contentKey(content)) return true;
  return good.values().some(({ files }) => files === content.files);
}

/** What is in force of a source is never dropped because that cannot be read just now. */
function unreadOf({ sources }: Built, contents: readonly SourceContent[], kept: Kept | undefined): string | undefined {
  const there = new Set(contents.map(({ source }) => source));
  const inForce = kept === undefined ? [] : inputsOf(kept.release).map(({ source }) => source);
  return inForce.find((source) => sources.includes(source) && !there.has(source));
}
