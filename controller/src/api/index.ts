/** What the controller's HTTP API answers: the contract with the page. */
export type * from "./decisions.ts";
export type * from "./explain.ts";
export type * from "./graph.ts";
export type * from "./identities.ts";
export type * from "./proxies.ts";
export type * from "./releases.ts";
export type * from "./resources.ts";
export type * from "./sources.ts";
export type * from "./status.ts";
