/** What the controller and its build process say to each other, over Node's own channel. */
import type { BuildRules, Built } from "../../build/build.ts";
import type { BuiltModule } from "../../build/tools.ts";
import type { ExplainQuestion, Explanation } from "../../rehearse/explanation.ts";
import type { SentContents, SentLists, SentTree } from "./held.ts";

/** What is done with a tree; `explain` builds it first, by what is remembered of earlier builds. */
export type BuildOrder =
  | {
      readonly kind: "build";
      readonly trees: readonly SentTree[];
      readonly rules: BuildRules;
      /** Hashes of modules that are at hand: they are not sent again. */
      readonly held: readonly string[];
      /** The answer whose plan is at hand; undefined where none is. */
      readonly since: number | undefined;
    }
  | {
      readonly kind: "explain";
      readonly trees: readonly SentTree[];
      readonly rules: BuildRules;
      readonly question: ExplainQuestion;
    };

/** `turn`: how often the same was asked before, and left. */
export type BuildRequest = BuildOrder & { readonly id: number; readonly turn: number };

export type BuildReply =
  | { readonly kind: "ready"; readonly version: string }
  | {
      readonly kind: "built";
      readonly id: number;
      /** Without the modules and lists of its plan. */
      readonly built: Built;
      readonly lists: SentLists | undefined;
      readonly contents: SentContents | undefined;
      /** Nothing was found in the plan that proxies would refuse. */
      readonly isFit: boolean;
      readonly modules: readonly (BuiltModule | Pick<BuiltModule, "hash">)[];
    }
  | { readonly kind: "explained"; readonly id: number; readonly explanation: Explanation }
  /** There is more to do than one order may take; what was done is remembered. */
  | { readonly kind: "left"; readonly id: number }
  | { readonly kind: "failed"; readonly id: number; readonly message: string };

/** What an order is answered with. */
export type BuildAnswer = Exclude<BuildReply, { readonly kind: "ready" | "failed" | "left" }>;
