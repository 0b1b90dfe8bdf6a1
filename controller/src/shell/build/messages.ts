/** What the controller and its build process say to each other, over Node's own channel. */
import type { BuildRules, Built } from "../../build/build.ts";
import type { SourceTree } from "../../build/source-tree.ts";

export type BuildRequest = { readonly id: number; readonly tree: SourceTree; readonly rules: BuildRules };

export type BuildReply =
  | { readonly kind: "ready"; readonly version: string }
  | { readonly kind: "built"; readonly id: number; readonly built: Built }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };
