/**
 * The build process: compiles and tests what others wrote, so it has neither network nor
 * environment nor keys. It lives on between builds, warm.
 */
import { type Built, build } from "../../build/build.ts";
import { expandTree } from "../../build/inline-units.ts";
import { mountTree, type SourceTree } from "../../build/source-tree.ts";
import { type PolicyTools, TurnOver } from "../../build/tools.ts";
import { checkPlan, makeContents, type PlanContents } from "../../distribution/release.ts";
import { type ExplainQuestion, type Explanation, explain } from "../../rehearse/explanation.ts";
import { loadTools } from "./compiler.ts";
import { contentsOf, SentPlan, TakenFiles } from "./held.ts";
import type { BuildReply, BuildRequest } from "./messages.ts";
import { remember } from "./remember.ts";
import { inTurns } from "./turns.ts";

/** A mesh of which more is made than is remembered would be left for ever. */
const TURNS_MAX = 1000;

/** Answers orders until the controller is gone. */
export async function serveBuilds(): Promise<void> {
  const turns = inTurns(await loadTools());
  const tools = remember(turns.tools);
  const files = new TakenFiles();
  const sent: Sent = { plan: new SentPlan(), contents: undefined };
  process.on("message", (request: BuildRequest) => {
    const { id, rules, turn } = request;
    turns.begin(turn < TURNS_MAX);
    try {
      const trees = files.take(request.trees);
      const built = build(trees, rules, tools);
      if (request.kind === "build") reply({ kind: "built", id, ...withoutHeld(built, request, sent) });
      else reply({ kind: "explained", id, explanation: explainIn(built, trees, request.question, tools) });
    } catch (error) {
      if (error instanceof TurnOver) return reply({ kind: "left", id });
      reply({ kind: "failed", id, message: (error as Error).stack ?? String(error) });
    }
  });
  process.on("disconnect", () => process.exit(0));
  reply({ kind: "ready", version: tools.version });
}

/** What the controller has of the last plan. */
type Sent = { readonly plan: SentPlan; contents: PlanContents | undefined };

function reply(message: BuildReply): void {
  process.send?.(message);
}

function withoutHeld(
  { plan, ...built }: Built,
  { id, held, since }: Extract<BuildRequest, { kind: "build" }>,
  sent: Sent,
) {
  if (plan === undefined) return { built, lists: undefined, contents: undefined, isFit: false, modules: [] };
  const isHeld = new Set(held);
  const modules = plan.modules.map((module) => (isHeld.has(module.hash) ? { hash: module.hash } : module));
  const rest = { ...plan, modules: [], workloads: [], outbound: [], services: [] };
  const whole = sent.plan.hold(plan);
  // Here, while nobody waits for a snapshot yet.
  const contents = makeContents(whole, sent.contents);
  sent.contents = contents;
  const lists = sent.plan.send(id, whole, since);
  const isFit = checkPlan(whole).length === 0;
  return { built: { ...built, plan: rest }, lists, contents: contentsOf(lists), isFit, modules };
}

function explainIn(
  { plan }: Built,
  read: readonly SourceTree[],
  question: ExplainQuestion,
  tools: PolicyTools,
): Explanation {
  const trees = read.map(mountTree).map(expandTree);
  if (plan === undefined) return { kind: "refused", reason: "the revision's commit does not build here any more" };
  return explain(question, { trees, plan, tools, nowMs: Date.now() });
}
