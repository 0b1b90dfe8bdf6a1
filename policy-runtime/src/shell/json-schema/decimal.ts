/** Numbers of JSON as exact fractions of a power of ten: 0.1 is a tenth, and no integer is too long. */

/** coefficient · 10^exponent */
export type Decimal = { readonly coefficient: bigint; readonly exponent: number };

/** Powers of ten beyond these are no number that a document is about, but would take its time. */
const EXPONENT_MAX = 4096;

/** Of a number's text in JSON. Throws for exponents out of all bounds. */
export function parseDecimal(text: string): Decimal {
  const found = /^(-?\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  if (found === null) throw new Error(`${text} is not a number`);
  const [, whole, fraction = "", power = "0"] = found as unknown as readonly [string, string, string?, string?];
  const exponent = Number(power) - fraction.length;
  if (Math.abs(exponent) > EXPONENT_MAX) throw new Error("a number has too large an exponent");
  return { coefficient: BigInt(whole + fraction), exponent };
}

/** Both coefficients at the lower exponent. */
function aligned(a: Decimal, b: Decimal): readonly [bigint, bigint] {
  const low = Math.min(a.exponent, b.exponent);
  const at = ({ coefficient, exponent }: Decimal) => coefficient * 10n ** BigInt(exponent - low);
  return [at(a), at(b)];
}

/** Below, at or above 0 as `a` is less than, equal to or greater than `b`. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const [left, right] = aligned(a, b);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** `divisor` is not 0. */
export function isMultipleOf(value: Decimal, divisor: Decimal): boolean {
  const [left, right] = aligned(value, divisor);
  return left % right === 0n;
}

const ONE: Decimal = { coefficient: 1n, exponent: 0 };

export function isInteger(value: Decimal): boolean {
  return isMultipleOf(value, ONE);
}

/** As Go prints a big.Float in a template: shortest, with an exponent below -4 and from 6 on. */
export function printDecimal({ coefficient, exponent }: Decimal): string {
  if (coefficient === 0n) return "0";
  const sign = coefficient < 0n ? "-" : "";
  const all = (coefficient < 0n ? -coefficient : coefficient).toString();
  let end = all.length;
  while (all[end - 1] === "0") end--;
  const digits = all.slice(0, end);
  const power = all.length + exponent - 1;
  if (power < -4 || power >= 6) {
    const rest = digits.slice(1);
    const size = String(Math.abs(power)).padStart(2, "0");
    return `${sign}${digits[0]}${rest === "" ? "" : `.${rest}`}e${power < 0 ? "-" : "+"}${size}`;
  }
  if (power < 0) return `${sign}0.${"0".repeat(-power - 1)}${digits}`;
  const whole = digits.slice(0, power + 1).padEnd(power + 1, "0");
  const fraction = digits.slice(power + 1);
  return `${sign}${whole}${fraction === "" ? "" : `.${fraction}`}`;
}
