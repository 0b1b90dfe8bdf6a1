/**
 * The build process: compiles and tests what others wrote, so it has neither network nor
 * environment nor keys. It lives on between builds, warm.
 */
import { build } from "../../build/build.ts";
import { loadTools } from "./compiler.ts";
import type { BuildReply, BuildRequest } from "./messages.ts";
import { remember } from "./remember.ts";

const tools = remember(await loadTools());

function reply(message: BuildReply): void {
  process.send?.(message);
}

process.on("message", ({ id, tree, rules }: BuildRequest) => {
  try {
    reply({ kind: "built", id, built: build(tree, rules, tools) });
  } catch (error) {
    reply({ kind: "failed", id, message: (error as Error).stack ?? String(error) });
  }
});
process.on("disconnect", () => process.exit(0));
reply({ kind: "ready", version: tools.version });
