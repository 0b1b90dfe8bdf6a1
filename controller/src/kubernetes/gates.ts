/**
 * Whose changes a MeshTest may refuse: those of its own namespace, and, from the root's, everybody's. By what others
 * change or delete it may fail, too, and its status says so; but who may write in one namespace has no word in another.
 */
import { ROOT_NAMESPACE } from "@regomesh/resources";

type Placed = { readonly namespace?: string };

export function maySpeakOf(test: Placed, changed: Placed): boolean {
  return test.namespace === ROOT_NAMESPACE || test.namespace === changed.namespace;
}
