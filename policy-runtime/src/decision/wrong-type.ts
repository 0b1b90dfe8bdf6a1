/** A policy's result has not the shape that its entrypoint asks for; the fault `policy_type_error`. */
export class WrongType extends Error {
  override readonly name = "WrongType";
}
