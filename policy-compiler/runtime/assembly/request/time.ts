/** `attributes.request.time`: RFC 3339 in UTC with milliseconds, as protojson prints a Timestamp. */
import { newString, stringPtr } from "../value/value";
import { requestMs } from "./region";

export function requestTimeValue(): usize {
  const text = newString(24);
  const at = stringPtr(text);
  const ms = <i64>requestMs;
  let days = ms / 86_400_000;
  let rest = ms % 86_400_000;
  if (rest < 0) {
    rest += 86_400_000;
    days--;
  }
  // Days to a proleptic Gregorian date, counted in eras of 400 years from 1 March.
  const z = days + 719_468;
  const era = (z >= 0 ? z : z - 146_096) / 146_097;
  const dayOfEra = z - era * 146_097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const shifted = (5 * dayOfYear + 2) / 153;
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  const year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  digits(at, year, 4);
  digits(at + 5, month, 2);
  digits(at + 8, dayOfYear - (153 * shifted + 2) / 5 + 1, 2);
  digits(at + 11, rest / 3_600_000, 2);
  digits(at + 14, (rest / 60_000) % 60, 2);
  digits(at + 17, (rest / 1000) % 60, 2);
  digits(at + 20, rest % 1000, 3);
  store<u8>(at + 4, 0x2d);
  store<u8>(at + 7, 0x2d);
  store<u8>(at + 10, 0x54);
  store<u8>(at + 13, 0x3a);
  store<u8>(at + 16, 0x3a);
  store<u8>(at + 19, 0x2e);
  store<u8>(at + 23, 0x5a);
  return text;
}

function digits(at: usize, n: i64, count: i32): void {
  for (let i = count - 1; i >= 0; i--) {
    store<u8>(at + i, <u8>(0x30 + n % 10));
    n /= 10;
  }
}
