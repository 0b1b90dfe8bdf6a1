/** What tests of whole meshes start, the parts of `regomesh up`; and the table of commands, to which docs are held. */
export { COMMANDS } from "./commands.ts";
export { Child, ChildFailed, type ChildOptions, type Ready } from "./up/child.ts";
export { type Mesh, type MeshOptions, openMesh, WORKLOADS } from "./up/mesh.ts";
export { openRepository, type Repository } from "./up/repository.ts";
export { ask, type EdgeAnswer } from "./up/traffic.ts";
