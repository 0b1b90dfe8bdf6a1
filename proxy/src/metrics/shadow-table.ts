/** What this thread's shadows would have changed: counts by binding and entrypoint since the start. */
import type { BoundEntrypoint } from "@regomesh/protocol";
import { SHADOW_CHANGES, type ShadowChange } from "../decide/shadow.ts";

export type ShadowKey = {
  readonly direction: "inbound" | "outbound";
  /** `namespace/name` */
  readonly binding: string;
  readonly unit: string;
  readonly entrypoint: string;
};

export type ShadowCounts = ShadowKey & {
  readonly decisions: number;
  /** Of them, those that would have changed something. */
  readonly changes: Readonly<Record<ShadowChange, number>>;
};

/** Bindings come and go with snapshots; beyond these, new ones are not told apart. */
const ROWS_MAX = 1024;

type Row = ShadowKey & { decisions: number; readonly changes: Record<ShadowChange, number> };

export class ShadowTable {
  readonly #rows = new Map<string, Row>();

  /** Counts one decision; `would` is undefined where nothing would have changed. */
  count(
    direction: ShadowKey["direction"],
    { binding, unit, name }: BoundEntrypoint,
    would: ShadowChange | undefined,
  ): void {
    const key = `${direction} ${binding} ${name}`;
    let row = this.#rows.get(key);
    if (row === undefined) {
      if (this.#rows.size >= ROWS_MAX) return;
      row = { direction, binding, unit, entrypoint: name, decisions: 0, changes: noChanges() };
      this.#rows.set(key, row);
    }
    row.decisions++;
    if (would !== undefined) row.changes[would]++;
  }

  read(): readonly ShadowCounts[] {
    return [...this.#rows.values()].map((row) => ({ ...row, changes: { ...row.changes } }));
  }
}

/** The sum over threads. */
export function sumShadows(tables: readonly (readonly ShadowCounts[])[]): readonly ShadowCounts[] {
  const sums = new Map<string, Row>();
  for (const row of tables.flat()) {
    const key = `${row.direction} ${row.binding} ${row.entrypoint}`;
    const sum = sums.get(key) ?? { ...row, decisions: 0, changes: noChanges() };
    sums.set(key, sum);
    sum.decisions += row.decisions;
    for (const change of SHADOW_CHANGES) sum.changes[change] += row.changes[change];
  }
  return [...sums.values()];
}

function noChanges(): Record<ShadowChange, number> {
  return { allow: 0, deny: 0, limit: 0, route: 0, break: 0 };
}
