/** The moves of a connection's reader as a table: which state follows which, by what has happened. */

/** `expect`: a request was announced · `head`: a final head is read · `end`, `last`: a message's end, of a connection that carries another, or none. */
export type Happening = "expect" | "head" | "end" | "last" | "fault";

export type MoveTable<State extends string> = Readonly<Record<State, Readonly<Partial<Record<Happening, State>>>>>;

/** The state behind `happening`; throws where the table has no such move, for then a message would be taken for another. */
export function move<State extends string>(table: MoveTable<State>, state: State, happening: Happening): State {
  const next = table[state][happening];
  if (next === undefined) throw new Error(`a reader that is ${state} takes no ${happening}`);
  return next;
}
