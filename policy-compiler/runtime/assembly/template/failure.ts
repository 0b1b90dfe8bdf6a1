/** The first thing that was wrong with a template, its data or its text; what follows is skipped. */
let words: string = "";
let hasFailed: bool = false;

export function startTemplate(): void {
  hasFailed = false;
}

export function isBroken(): bool {
  return hasFailed;
}

/** Gives 0, the value of what failed. */
export function breakTemplate(reason: string): usize {
  if (!hasFailed) words = reason;
  hasFailed = true;
  return 0;
}

export function whyBroken(): string {
  return words;
}
