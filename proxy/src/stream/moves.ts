/** Moves as a table: which state follows which, by what has happened. A move that stands in no row is a bug. */
export type MoveTable<State extends string, Happening extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Happening, State>>>>
>;

/** The state behind `happening`; throws where the table has no such move, for then one thing would be taken for another. */
export function move<State extends string, Happening extends string>(
  table: MoveTable<State, Happening>,
  state: State,
  happening: Happening,
): State {
  const next = table[state][happening];
  if (next === undefined) throw new Error(`what is ${state} takes no ${happening}`);
  return next;
}
