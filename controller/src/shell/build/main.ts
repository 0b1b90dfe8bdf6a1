/**
 * The build process: compiles and tests what others wrote, so it has neither network nor
 * environment nor keys. It lives on between builds, warm.
 */
import { type Built, build } from "../../build/build.ts";
import { expandTree } from "../../build/inline-units.ts";
import { mountTree } from "../../build/source-tree.ts";
import { type Explanation, explain } from "../../rehearse/explanation.ts";
import { loadTools } from "./compiler.ts";
import type { BuildReply, BuildRequest } from "./messages.ts";
import { remember } from "./remember.ts";

const tools = remember(await loadTools());

function reply(message: BuildReply): void {
  process.send?.(message);
}

process.on("message", (request: BuildRequest) => {
  const { id, trees, rules } = request;
  try {
    const built = build(trees, rules, tools);
    if (request.kind === "build") reply({ kind: "built", id, ...withoutHeld(built, new Set(request.held)) });
    else reply({ kind: "explained", id, explanation: explainIn(built, request) });
  } catch (error) {
    reply({ kind: "failed", id, message: (error as Error).stack ?? String(error) });
  }
});

function withoutHeld(built: Built, held: ReadonlySet<string>) {
  const { plan } = built;
  if (plan === undefined) return { built, modules: [] };
  const modules = plan.modules.map((module) => (held.has(module.hash) ? { hash: module.hash } : module));
  return { built: { ...built, plan: { ...plan, modules: [] } }, modules };
}

function explainIn({ plan }: Built, request: Extract<BuildRequest, { kind: "explain" }>): Explanation {
  const { question } = request;
  const trees = request.trees.map(mountTree).map(expandTree);
  if (plan === undefined) return { kind: "refused", reason: "the revision's commit does not build here any more" };
  return explain(question, { trees, plan, tools, nowMs: Date.now() });
}

process.on("disconnect", () => process.exit(0));
reply({ kind: "ready", version: tools.version });
