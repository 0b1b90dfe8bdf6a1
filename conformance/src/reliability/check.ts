/** A check of reliability: what is done, what must hold, and what was seen. */
export type Seen = { readonly holds: boolean; readonly figures: string };
export type Check = {
  /** As docs/reliability.md names it. */
  readonly id: string;
  readonly what: string;
  readonly bound: string;
  run(): Promise<Seen>;
};
