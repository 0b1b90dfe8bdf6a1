/**
 * How many requests of a service may be retries at one time: a share of those that are
 * active, with a floor (Envoy's budget: 20 %, least 3), so that a failing service is
 * never asked much more often than its clients ask.
 */
export type RetryBudget = { active: number; retrying: number };

export function makeRetryBudget(): RetryBudget {
  return { active: 0, retrying: 0 };
}

/** Whether one more request may be retried now. */
export function hasRetryRoom({ active, retrying }: RetryBudget, percent: number, min: number): boolean {
  return retrying < Math.max(min, Math.floor((active * percent) / 100));
}

/** Takes one place of a budget that has room; whoever takes it gives it back when its request has ended. */
export function takeRetry(budget: RetryBudget): void {
  budget.retrying++;
}

export function giveBackRetry(budget: RetryBudget): void {
  budget.retrying--;
}
