/** What the emitters of a function's ops share. */
import type { Region } from "../core/op.ts";
import type { Body } from "./body.ts";
import type { PolicyContext } from "./policy-context.ts";

export type OpContext = {
  readonly body: Body;
  readonly policy: PolicyContext;
  /** Emits the return of the value on the stack. */
  readonly returnValue: () => void;
  /** Local with the set of results; only in plans. */
  readonly results: number | undefined;
};

/** A region inside an op: what is emitted before its ops and behind them. */
export type Nested = { readonly begin?: () => void; readonly region: Region; readonly end: () => void };
