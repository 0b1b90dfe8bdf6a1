/** What tests of whole meshes start, the parts of `regomesh up`; the command line itself, and the table of commands, to which docs are held. */
export type { Io } from "./command.ts";
export { COMMANDS } from "./commands.ts";
export { dispatch } from "./main.ts";
export { Child, ChildFailed, type ChildOptions, type Ready } from "./up/child.ts";
export { type Mesh, type MeshOptions, openMesh, WORKLOADS } from "./up/mesh.ts";
export { freePort } from "./up/ports.ts";
export { openRepository, type Repository } from "./up/repository.ts";
export { ask, type EdgeAnswer } from "./up/traffic.ts";
