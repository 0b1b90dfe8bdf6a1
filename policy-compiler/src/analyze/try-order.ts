/**
 * In which order the expressions of a body are tried: in the text's, pass after pass, as OPA
 * does. What was tried in vain is tried again only after one of its variables was bound, in
 * the same pass if it stands further down, else in the next: the order is that of trying all
 * of them in every pass, and the work is that of the variables, not of the pairs.
 */
export type TryOrder = {
  /** The next expression to try, by its number; undefined once none can be placed any more. */
  readonly next: () => number | undefined;
  /** Variables were bound by the expression that was tried last: those that wait for them come up again. */
  readonly bind: (names: Iterable<string>) => void;
};

/** `variables[i]` are those that decide whether expression `i` can be placed. */
export function makeTryOrder(variables: readonly (readonly string[])[]): TryOrder {
  const count = variables.length;
  const waiters = new Map<string, number[]>();
  for (let item = 0; item < count; item++) {
    const names = variables[item] as readonly string[];
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      const known = waiters.get(name);
      if (known === undefined) waiters.set(name, [item]);
      else known.push(item);
    }
  }
  // A turn is pass × count + number: the least is next.
  const turns = variables.map((_, i) => i);
  const isQueued = variables.map(() => true);
  let now = -1;

  const next = (): number | undefined => {
    const turn = popLeast(turns);
    if (turn === undefined) return undefined;
    now = turn;
    const item = turn % count;
    isQueued[item] = false;
    return item;
  };

  const bind = (names: Iterable<string>): void => {
    const pass = Math.floor(now / count);
    for (const name of names) {
      for (const item of waiters.get(name) ?? []) {
        if (isQueued[item]) continue;
        isQueued[item] = true;
        pushTurn(turns, (item > now % count ? pass : pass + 1) * count + item);
      }
      waiters.delete(name);
    }
  };
  return { next, bind };
}

/** A heap: no element is greater than those at 2i + 1 and 2i + 2. */
function pushTurn(heap: number[], turn: number): void {
  let at = heap.push(turn) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    if ((heap[above] as number) <= turn) break;
    heap[at] = heap[above] as number;
    at = above;
  }
  heap[at] = turn;
}

function popLeast(heap: number[]): number | undefined {
  const least = heap[0];
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return least;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    if (below >= heap.length) break;
    if (below + 1 < heap.length && (heap[below + 1] as number) < (heap[below] as number)) below++;
    if ((heap[below] as number) >= last) break;
    heap[at] = heap[below] as number;
    at = below;
  }
  heap[at] = last;
  return least;
}
