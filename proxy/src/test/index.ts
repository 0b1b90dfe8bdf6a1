/** What tests of other packages may use of these. */
export { makeService, makeSnapshot, makeWorkload } from "./make-snapshot.ts";
export { type LeafOptions, TestAuthority } from "./test-authority.ts";
