/**
 * Moves as a table: which state follows which, by what has happened. A move that stands in no
 * row is a bug. States and happenings are numbers with names, so that a move, of which every
 * request makes some ten, is one look into an array.
 */
type Codes = Readonly<Record<string, number>>;

/** By names, as it is written down. */
export type MoveRows<States extends Codes, Happenings extends Codes> = {
  readonly [S in keyof States]: { readonly [H in keyof Happenings]?: keyof States };
};

export type MoveTable<State extends number, Happening extends number> = {
  /** The state behind each pair, at `state * WIDTH + happening`; NONE where there is no such move. */
  readonly next: Int8Array;
  /** What a pair is called where it is a bug. */
  readonly nameOf: (state: State, happening: Happening) => string;
};

/** Happenings of a table. */
const WIDTH = 8;
const NONE = -1;

export function moveTable<States extends Codes, Happenings extends Codes>(
  states: States,
  happenings: Happenings,
  rows: MoveRows<States, Happenings>,
): MoveTable<States[keyof States], Happenings[keyof Happenings]> {
  const next = new Int8Array(Object.keys(states).length * WIDTH).fill(NONE);
  for (const [from, row] of Object.entries(rows)) {
    for (const [happening, to] of Object.entries(row as Readonly<Record<string, string>>)) {
      next[placeOf(states[from] as number, happenings[happening] as number)] = states[to] as number;
    }
  }
  const nameIn = (codes: Codes, code: number) => Object.keys(codes).find((name) => codes[name] === code);
  return {
    next,
    nameOf: (state, happening) => `what is ${nameIn(states, state)} takes no ${nameIn(happenings, happening)}`,
  };
}

/** The state behind `happening`; throws where the table has no such move, for then one thing would be taken for another. */
export function move<State extends number, Happening extends number>(
  table: MoveTable<State, Happening>,
  state: State,
  happening: Happening,
): State {
  const next = table.next[placeOf(state, happening)] as State;
  if (next === NONE) throw new Error(table.nameOf(state, happening));
  return next;
}

function placeOf(state: number, happening: number): number {
  return state * WIDTH + happening;
}
