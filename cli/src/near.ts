/** Loaded on use, so that a sidecar does not pay for it. */
export { nearest } from "@regomesh/resources";
