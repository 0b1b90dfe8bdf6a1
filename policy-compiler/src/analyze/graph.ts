/** Directed graphs: what lies on cycles, without recursion. */
export type Vertex = { readonly edges: Set<Vertex> };

/** The strongly connected components that have a cycle (Tarjan, with a stack of its own). */
export function findComponents(vertices: readonly Vertex[]): readonly ReadonlySet<Vertex>[] {
  const indices = new Map<Vertex, number>();
  const lows = new Map<Vertex, number>();
  const open: Vertex[] = [];
  const isOpen = new Set<Vertex>();
  const components: Set<Vertex>[] = [];
  for (const start of vertices) {
    // From what has no edge no way leads back.
    if (start.edges.size === 0 || indices.has(start)) continue;
    const work: { readonly vertex: Vertex; readonly edges: Iterator<Vertex> }[] = [];
    const enter = (vertex: Vertex) => {
      indices.set(vertex, indices.size);
      lows.set(vertex, indices.size - 1);
      open.push(vertex);
      isOpen.add(vertex);
      work.push({ vertex, edges: vertex.edges.values() });
    };
    enter(start);
    while (work.length > 0) {
      const { vertex, edges } = work.at(-1) as (typeof work)[number];
      const step = edges.next();
      if (!step.done) {
        if (!indices.has(step.value)) enter(step.value);
        else if (isOpen.has(step.value)) lower(lows, vertex, indices.get(step.value) as number);
        continue;
      }
      work.pop();
      const above = work.at(-1);
      if (above !== undefined) lower(lows, above.vertex, lows.get(vertex) as number);
      if (lows.get(vertex) === indices.get(vertex)) {
        const component = takeComponent(open, isOpen, vertex);
        if (component.size > 1 || vertex.edges.has(vertex)) components.push(component);
      }
    }
  }
  return components;
}

function lower(lows: Map<Vertex, number>, vertex: Vertex, low: number): void {
  if (low < (lows.get(vertex) as number)) lows.set(vertex, low);
}

function takeComponent(open: Vertex[], isOpen: Set<Vertex>, root: Vertex): Set<Vertex> {
  const component = new Set<Vertex>();
  while (true) {
    const vertex = open.pop() as Vertex;
    isOpen.delete(vertex);
    component.add(vertex);
    if (vertex === root) return component;
  }
}

/** The shortest way from a vertex of a component back to it, both ends included. */
export function findCycle(start: Vertex, component: ReadonlySet<Vertex>): readonly Vertex[] {
  const from = new Map<Vertex, Vertex>();
  const queue: Vertex[] = [start];
  for (const vertex of queue) {
    for (const next of vertex.edges) {
      if (!component.has(next) || from.has(next)) continue;
      from.set(next, vertex);
      if (next === start) return unwind(start, from);
      queue.push(next);
    }
  }
  return [start];
}

function unwind(start: Vertex, from: ReadonlyMap<Vertex, Vertex>): readonly Vertex[] {
  const way = [start];
  for (let at = from.get(start) as Vertex; ; at = from.get(at) as Vertex) {
    way.unshift(at);
    if (at === start) return way;
  }
}

/** Every vertex once, those that it needs before it, in the order in which `needs` gives them; on a cycle in any. */
export function orderVertices<V extends Vertex>(
  vertices: readonly V[],
  needs: (vertex: V) => Iterable<V>,
): readonly V[] {
  const entered = new Set<V>();
  const ordered: V[] = [];
  for (const start of vertices) {
    if (entered.has(start)) continue;
    const work: { readonly vertex: V; readonly edges: Iterator<V> }[] = [];
    const enter = (vertex: V): void => {
      entered.add(vertex);
      work.push({ vertex, edges: needs(vertex)[Symbol.iterator]() });
    };
    enter(start);
    for (let top = work.at(-1); top !== undefined; top = work.at(-1)) {
      const step = top.edges.next();
      if (step.done) ordered.push((work.pop() as typeof top).vertex);
      else if (!entered.has(step.value)) enter(step.value);
    }
  }
  return ordered;
}

/** Which vertices have an edge to each. */
export function reverse(vertices: readonly Vertex[]): ReadonlyMap<Vertex, readonly Vertex[]> {
  const sources = new Map<Vertex, Vertex[]>();
  for (const vertex of vertices) {
    for (const target of vertex.edges) {
      const known = sources.get(target);
      if (known === undefined) sources.set(target, [vertex]);
      else known.push(vertex);
    }
  }
  return sources;
}
