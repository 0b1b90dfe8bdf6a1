/** What measurements and tests of other packages need of a controller beside its protocol. */
export { type BusyMeshOptions, openBusyMesh } from "./busy-mesh.ts";
export { issueIdentities, type TestIdentity } from "./identities.ts";
export { POISONS, type Poison } from "./poisons.ts";
export { SimulatedProxy } from "./simulated-proxy.ts";
