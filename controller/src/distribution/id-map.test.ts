import fc from "fast-check";
import { expect, test } from "vitest";
import { IdMap } from "./id-map.ts";

type Value = { readonly text: string };

test("it holds what a Map holds, whatever is done to both, and what it was before stays", () => {
  const act = fc.tuple(fc.constantFrom("set", "delete"), fc.oneof(fc.nat(40), fc.nat(3000)), fc.string());
  fc.assert(
    fc.property(fc.array(act, { maxLength: 200 }), (acts) => {
      const model = new Map<number, Value>();
      let map = IdMap.empty<Value>();
      for (const [what, id, text] of acts) {
        const before = map;
        const held = before.get(id);
        const value = { text };
        map = what === "set" ? map.set(id, value) : map.delete(id);
        if (what === "set") model.set(id, value);
        else model.delete(id);
        expect(before.get(id)).toBe(held);
        expect(map.get(id)).toBe(model.get(id));
        expect(map.size).toBe(model.size);
      }
      const inOrder = [...model].sort(([a], [b]) => a - b).map(([, value]) => value);
      expect([...map.values()]).toEqual(inOrder);
    }),
  );
});
