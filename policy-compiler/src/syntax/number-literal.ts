/** Number literals: what OPA holds exactly, and what it refuses. */

/** OPA's bound: what is written with an exponent lies between 2^-100000 and 2^100000. */
const EXPONENT_MAX = 30_103;

/** True for a literal with an exponent beyond the bound; its digits count too. */
export function isNumberTooBig(text: string): boolean {
  if (!/[eE]/.test(text)) return false;
  const [, whole = "", fraction = "", exponent] = /^(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  if (exponent === undefined) return false;
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return false;
  // The decimal exponent of the number written as 0.d….
  const magnitude = Number(exponent) - fraction.length + digits.length;
  return magnitude > EXPONENT_MAX || magnitude <= -EXPONENT_MAX;
}

/** Digits without zeros at either end, and the power of ten behind them: `1.0`, `10e-1` are `1e0`. */
export function plainNumber(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  const kept = withoutZeros(digits);
  if (kept === "") return "0";
  return `${sign}${kept}e${Number(exponent) - fraction.length + digits.length - kept.length}`;
}

/** Without those at the end. No pattern: for each zero inside it would look for the end again. */
function withoutZeros(digits: string): string {
  let end = digits.length;
  while (digits[end - 1] === "0") end--;
  return digits.slice(0, end);
}

/** Below, at or above 0 as `a` is less than, equal to or greater than `b`, exactly. */
export function compareNumberTexts(a: string, b: string): number {
  const [signA, digitsA, sizeA] = partsOf(a);
  const [signB, digitsB, sizeB] = partsOf(b);
  if (signA !== signB || signA === 0) return signA - signB;
  // Of one size the digits are in order as texts: 0.12 is less than 0.3.
  const larger = sizeA !== sizeB ? sizeA - sizeB : digitsA < digitsB ? -1 : digitsA > digitsB ? 1 : 0;
  return signA * larger;
}

/** Its sign, its digits without zeros at either end, and the exponent of the number written as 0.d…. */
function partsOf(text: string): readonly [sign: number, digits: string, size: number] {
  const [, minus = "", digits = "", exponent = "0"] = /^(-?)(\d+)e(-?\d+)$/.exec(plainNumber(text)) ?? [];
  if (digits === "") return [0, "", 0];
  return [minus === "" ? 1 : -1, digits, Number(exponent) + digits.length];
}
