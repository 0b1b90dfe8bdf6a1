/** graph.*: what can be reached in an object of vertices to arrays or sets of neighbours. */
import { ABORT_DEPTH, abort, burn } from "../failure";
import { arrayGet, arrayLen, arrayPush, makeArray } from "../value/array";
import { sortEntries } from "../value/compare";
import { entryCount } from "../value/entries";
import { equal } from "../value/equal";
import { objectGet } from "../value/object";
import { makeSet, setAdd, setAt, setHas } from "../value/set";
import { ARRAY, OBJECT, SET, UNDEFINED, kindOf } from "../value/value";
import { expectKind, operandError } from "./operands";

const DEPTH_MAX: i32 = 1000;

/** Ready to be walked; other kinds have no vertices. */
function vertexCount(vertices: usize): i32 {
  const kind = kindOf(vertices);
  if (kind == ARRAY) return arrayLen(vertices);
  if (kind != SET) return 0;
  sortEntries(vertices);
  return entryCount(vertices);
}

function vertexAt(vertices: usize, i: i32): usize {
  return kindOf(vertices) == ARRAY ? arrayGet(vertices, i) : setAt(vertices, i);
}

function expectOperands(name: string, graph: usize, initial: usize): bool {
  if (!expectKind(name, 1, graph, OBJECT)) return false;
  if (kindOf(initial) == ARRAY || kindOf(initial) == SET) return true;
  operandError(name, 2, "{array, set}", initial);
  return false;
}

/** The set of the vertices that are in the graph and can be reached. */
export function graphReachable(graph: usize, initial: usize): usize {
  if (!expectOperands("graph.reachable", graph, initial)) return UNDEFINED;
  const reached = makeSet();
  const queue = makeArray(16);
  pushVertices(queue, initial, reached);
  for (let i = 0; i < arrayLen(queue); i++) {
    burn(1);
    const vertex = arrayGet(queue, i);
    const neighbours = objectGet(graph, vertex);
    if (neighbours == UNDEFINED || setHas(reached, vertex)) continue;
    setAdd(reached, vertex);
    pushVertices(queue, neighbours, reached);
  }
  return reached;
}

function pushVertices(queue: usize, vertices: usize, reached: usize): void {
  const count = vertexCount(vertices);
  burn(count);
  for (let i = 0; i < count; i++) {
    const vertex = vertexAt(vertices, i);
    if (!setHas(reached, vertex)) arrayPush(queue, vertex);
  }
}

/** The set of the paths from the initial vertices, each ending where nothing new follows. */
export function graphReachablePaths(graph: usize, initial: usize): usize {
  if (!expectOperands("graph.reachable_paths", graph, initial)) return UNDEFINED;
  const paths = makeSet();
  const count = vertexCount(initial);
  for (let i = 0; i < count; i++) {
    const root = vertexAt(initial, i);
    const neighbours = objectGet(graph, root);
    if (neighbours == UNDEFINED) continue;
    const path = makeArray(4);
    arrayPush(path, root);
    const length = vertexCount(neighbours);
    if (length == 0) setAdd(paths, path);
    for (let j = 0; j < length; j++) follow(graph, vertexAt(neighbours, j), path, paths, 0);
  }
  return paths;
}

/** Lengthens the path by the vertex and all that follows; it is left as it was. */
function follow(graph: usize, vertex: usize, path: usize, paths: usize, depth: i32): void {
  if (depth > DEPTH_MAX) abort(ABORT_DEPTH);
  const known = arrayLen(path);
  burn(known + 1);
  const neighbours = objectGet(graph, vertex);
  if (neighbours == UNDEFINED || (depth > 0 && isOn(path, vertex))) {
    setAdd(paths, copyOf(path));
    return;
  }
  arrayPush(path, vertex);
  const count = vertexCount(neighbours);
  if (count == 0) setAdd(paths, copyOf(path));
  for (let i = 0; i < count; i++) follow(graph, vertexAt(neighbours, i), path, paths, depth + 1);
  store<u32>(path, <u32>known, 4);
}

function isOn(path: usize, vertex: usize): bool {
  const length = arrayLen(path);
  for (let i = 0; i < length; i++) if (equal(arrayGet(path, i), vertex)) return true;
  return false;
}

function copyOf(path: usize): usize {
  const length = arrayLen(path);
  const copy = makeArray(length);
  for (let i = 0; i < length; i++) arrayPush(copy, arrayGet(path, i));
  return copy;
}
