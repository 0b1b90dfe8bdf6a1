/** What the emitters of a function's statements share. */
import type { IrBlock } from "../ir/policy.ts";
import type { Body } from "./code.ts";
import type { PolicyContext } from "./policy-context.ts";

export type StatementContext = {
  readonly body: Body;
  readonly policy: PolicyContext;
  /** Emits the return of the value on the stack. */
  readonly returnValue: () => void;
  /** Local with the set of results; only in plans. */
  readonly results: number | undefined;
};

/** A block inside a statement: what is emitted before its statements and behind them. */
export type Nested = { readonly begin?: () => void; readonly block: IrBlock; readonly end: () => void };
