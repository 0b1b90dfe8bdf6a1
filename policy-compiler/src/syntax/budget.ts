/**
 * Budgets: how long a decision may take, as the metadata of its rules say (`budget: 200us`). They are kept in
 * units of fuel, of which one is about a nanosecond of optimised code: what a decision takes of it does not
 * depend on what else the machine does.
 */
const UNITS: Readonly<Record<string, number>> = { ns: 1, us: 1e3, µs: 1e3, ms: 1e6, s: 1e9 };
const BUDGET = /^([0-9]+(?:\.[0-9]+)?)(ns|us|µs|ms|s)$/;

/** Units of fuel; undefined for what is no duration above zero. */
export function parseBudget(text: string): number | undefined {
  const [, digits = "", unit = ""] = BUDGET.exec(text) ?? [];
  const units = Math.round(Number(digits) * (UNITS[unit] ?? 0));
  return units > 0 ? units : undefined;
}
