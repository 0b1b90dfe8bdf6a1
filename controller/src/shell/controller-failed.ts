/** What keeps a controller from starting, in sentences for people. */
export class ControllerFailed extends Error {
  readonly code = "controller_failed";
}
