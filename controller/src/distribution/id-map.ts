/**
 * A map from small whole numbers to values, as a value: a change makes another map that shares all
 * but a few of its nodes, so that one proxy's event costs the same among ten as among ten thousand.
 * A tree of 32 branches a node; a number's bits, five at a time from the top, say the way.
 */

const BITS = 5;
const BRANCHES = 1 << BITS;

type Node<V> = readonly (Node<V> | V | undefined)[];

export class IdMap<V extends object> {
  readonly size: number;
  readonly #root: Node<V>;
  /** Nodes above the last level. */
  readonly #levels: number;
  /** All values, once they were asked for: between two changes they are gone through several times. */
  #all: readonly V[] | undefined;

  private constructor(root: Node<V>, levels: number, size: number) {
    this.#root = root;
    this.#levels = levels;
    this.size = size;
  }

  static empty<V extends object>(): IdMap<V> {
    return new IdMap<V>([], 0, 0);
  }

  get(id: number): V | undefined {
    if (!this.#fits(id)) return undefined;
    let node: Node<V> | undefined = this.#root;
    for (let level = this.#levels; level > 0 && node !== undefined; level--) {
      node = node[branchOf(id, level)] as Node<V> | undefined;
    }
    return node?.[branchOf(id, 0)] as V | undefined;
  }

  has(id: number): boolean {
    return this.get(id) !== undefined;
  }

  set(id: number, value: V): IdMap<V> {
    if (!this.#fits(id)) return new IdMap<V>([this.#root], this.#levels + 1, this.size).set(id, value);
    const size = this.has(id) ? this.size : this.size + 1;
    return new IdMap(changed(this.#root, id, this.#levels, value), this.#levels, size);
  }

  delete(id: number): IdMap<V> {
    if (!this.has(id)) return this;
    return new IdMap(changed<V>(this.#root, id, this.#levels, undefined), this.#levels, this.size - 1);
  }

  /** In the order of the numbers. */
  values(): ArrayIterator<V> {
    this.#all ??= allOf<V>(this.#root, this.#levels, []);
    return this.#all.values();
  }

  #fits(id: number): boolean {
    return id < BRANCHES ** (this.#levels + 1);
  }
}

/** Numbers here fit 31 bits: a controller that takes a thousand streams a second runs for weeks with them. */
function branchOf(id: number, level: number): number {
  return Math.floor(id / BRANCHES ** level) % BRANCHES;
}

function changed<V>(node: Node<V>, id: number, level: number, value: V | undefined): Node<V> {
  const copy = [...node];
  const branch = branchOf(id, level);
  copy[branch] = level === 0 ? value : changed((copy[branch] as Node<V> | undefined) ?? [], id, level - 1, value);
  return copy;
}

function allOf<V>(node: Node<V>, level: number, into: V[]): readonly V[] {
  for (const each of node) {
    if (each === undefined) continue;
    if (level === 0) into.push(each as V);
    else allOf(each as Node<V>, level - 1, into);
  }
  return into;
}
