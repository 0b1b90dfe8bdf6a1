/** What tests of other packages may use of these. */

export { FrameType } from "../http2/frame.ts";
export { Counter } from "../metrics/counters.ts";
export { EDGE_COUNTERS } from "../metrics/edge-table.ts";
export { compileAhead } from "../shell/module/compile-module.ts";
export { block, concat, frame, GET, type HeadFields, preface, uint32 } from "./http2.ts";
export { makeService, makeSnapshot, makeWorkload } from "./make-snapshot.ts";
export { type LeafOptions, TestAuthority } from "./test-authority.ts";
