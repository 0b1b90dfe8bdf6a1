/**
 * How many requests of a service may be retries at one time: a share of those that are
 * active, with a floor (Envoy's budget: 20 %, least 3), so that a failing service is
 * never asked much more often than its clients ask.
 */
export type RetryBudget = { active: number; retrying: number };

export function makeRetryBudget(): RetryBudget {
  return { active: 0, retrying: 0 };
}

/** Takes one retry out of the budget; the caller gives it back when the try has ended. */
export function takeRetry(budget: RetryBudget, percent: number, min: number): boolean {
  const room = Math.max(min, Math.floor((budget.active * percent) / 100));
  if (budget.retrying >= room) return false;
  budget.retrying++;
  return true;
}

export function giveBackRetry(budget: RetryBudget): void {
  budget.retrying--;
}
