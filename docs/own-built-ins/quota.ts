/** A built-in of one's own: how many requests a team may send in a minute. */
// A Map: of a plain object `__proto__` would be a team, too.
const QUOTAS: ReadonlyMap<string, number> = new Map([
  ["web", 600],
  ["batch", 60],
]);

export default [
  {
    name: "shop.quota",
    decl: { type: "function", args: [{ type: "string", name: "team" }], result: { type: "number" } },
    // Undefined: the call is undefined, as a key that an object lacks.
    implementation: (team: string): number | undefined => QUOTAS.get(team),
  },
];
