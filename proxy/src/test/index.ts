/** What tests of other packages may use of these. */

export { Counter } from "../metrics/counters.ts";
export { EDGE_COUNTERS } from "../metrics/edge-table.ts";
export { makeService, makeSnapshot, makeWorkload } from "./make-snapshot.ts";
export { type LeafOptions, TestAuthority } from "./test-authority.ts";
