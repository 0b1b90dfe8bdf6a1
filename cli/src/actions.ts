/** Commands that do several things: the first word says which. */

/** What may stand there, and the near one. */
export async function noAction(action: string, known: readonly string[]): Promise<string> {
  const names = `${known.slice(0, -1).join(", ")} or ${known.at(-1)}`;
  if (action === "") return `takes ${names}`;
  const { nearest } = await import("./near.ts");
  const near = nearest(action, known);
  return `takes ${names}, not ${action}${near === undefined ? "" : `; did you mean ${near}?`}`;
}
