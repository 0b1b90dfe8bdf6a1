/** The order of a map's keys in written YAML (go-yaml's sorter.go): letters by letter, digits by their number. */
const LETTER = /\p{L}/u;
const DIGIT = /\p{Nd}/u;

export function compareKeys(a: string, b: string): number {
  return a === b ? 0 : isLess([...a], [...b]) ? -1 : 1;
}

function isLess(a: readonly string[], b: readonly string[]): boolean {
  let isAfterDigit = false;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a[i] as string;
    const y = b[i] as string;
    if (x === y) {
      isAfterDigit = DIGIT.test(x);
      continue;
    }
    const isLetterX = LETTER.test(x);
    const isLetterY = LETTER.test(y);
    if (isLetterX && isLetterY) return isBefore(x, y);
    if (isLetterX || isLetterY) return isAfterDigit ? isLetterX : isLetterY;
    return isLessNumber(a, b, i);
  }
  return a.length < b.length;
}

function isLessNumber(a: readonly string[], b: readonly string[], at: number): boolean {
  const start = a[at] === "0" || b[at] === "0" ? leadingNumber(a, at) : 0n;
  const [numberA, endA] = digitsFrom(a, at, start);
  const [numberB, endB] = digitsFrom(b, at, start);
  if (numberA !== numberB) return numberA < numberB;
  if (endA !== endB) return endA < endB;
  return isBefore(a[at] as string, b[at] as string);
}

/** 1 where the digits in front of the place are not all zeros: then a zero there counts. */
function leadingNumber(letters: readonly string[], at: number): bigint {
  for (let i = at - 1; i >= 0 && DIGIT.test(letters[i] as string); i--) if (letters[i] !== "0") return 1n;
  return 0n;
}

function digitsFrom(letters: readonly string[], at: number, start: bigint): readonly [value: bigint, end: number] {
  let value = start;
  let i = at;
  for (; i < letters.length && DIGIT.test(letters[i] as string); i++) {
    value = BigInt.asIntN(64, value * 10n + BigInt(((letters[i] as string).codePointAt(0) ?? 48) - 48));
  }
  return [value, i];
}

function isBefore(a: string, b: string): boolean {
  return (a.codePointAt(0) ?? 0) < (b.codePointAt(0) ?? 0);
}
