/**
 * Moments as seconds since 1970 (UTC) and the proleptic Gregorian calendar, as Go's time
 * package reckons.
 */
import { byteOf } from "../static-text";

// What `split` found.
export let year: i64 = 0;
export let month: i32 = 0;
export let day: i32 = 0;
export let hour: i32 = 0;
export let minute: i32 = 0;
export let second: i32 = 0;
/** 0 is Sunday. */
export let weekday: i32 = 0;
/** From 1. */
export let yearDay: i32 = 0;

const DAY: i64 = 86400;

/** The quotient rounded down. */
export function floorDiv(a: i64, b: i64): i64 {
  const q = a / b;
  return a % b < 0 ? q - 1 : q;
}

/** Takes seconds (of the place's own clock) apart. */
export function split(seconds: i64): void {
  const days = floorDiv(seconds, DAY);
  const rest = <i32>(seconds - days * DAY);
  hour = rest / 3600;
  minute = (rest / 60) % 60;
  second = rest % 60;
  weekday = <i32>(((days + 4) % 7 + 7) % 7);
  // Years begin in March, in cycles of 400 years.
  const shifted = days + 719468;
  const era = floorDiv(shifted, 146097);
  const dayOfEra = <i32>(shifted - era * 146097);
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const fromMarch = (5 * dayOfYear + 2) / 153;
  day = dayOfYear - (153 * fromMarch + 2) / 5 + 1;
  month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  year = <i64>yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  yearDay = <i32>(days - daysBefore(year, 1, 1)) + 1;
}

/** Days from 1970-01-01 to the date; month and day may lie outside of their ranges. */
export function daysBefore(y: i64, m: i64, d: i64): i64 {
  const months = y * 12 + (m - 1);
  let inYear = floorDiv(months, 12);
  const inMonth = <i32>(months - inYear * 12) + 1;
  if (inMonth <= 2) inYear--;
  const era = floorDiv(inYear, 400);
  const yearOfEra = inYear - era * 400;
  const dayOfYear = (153 * (inMonth > 2 ? inMonth - 3 : inMonth + 9) + 2) / 5;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + <i64>dayOfYear - 719468 + (d - 1);
}

export function secondsOf(y: i64, m: i64, d: i64, h: i64, min: i64, s: i64): i64 {
  return daysBefore(y, m, d) * DAY + h * 3600 + min * 60 + s;
}

export function daysInMonth(y: i64, m: i32): i32 {
  return <i32>(daysBefore(y, m + 1, 1) - daysBefore(y, m, 1));
}

const MONTHS = "JanuaryFebruaryMarchAprilMayJuneJulyAugustSeptemberOctoberNovemberDecember";
const monthEnds = memory.data<u8>([0, 7, 15, 20, 25, 28, 32, 36, 42, 51, 58, 66, 74]);
const DAYS = "SundayMondayTuesdayWednesdayThursdayFridaySaturday";
const dayEnds = memory.data<u8>([0, 6, 12, 19, 28, 36, 42, 50]);

/** Letters of a name: from where in `nameText`, how many. */
export let nameFrom: i32 = 0;
export let nameLength: i32 = 0;

/** The month's name (1 is January), or the day's (0 is Sunday), three letters where `short`. */
export function findName(isMonth: bool, number: i32, short: bool): void {
  const ends = isMonth ? monthEnds + (number - 1) : dayEnds + number;
  nameFrom = load<u8>(ends);
  nameLength = short ? 3 : <i32>load<u8>(ends + 1) - nameFrom;
}

export function nameByte(isMonth: bool, i: i32): u32 {
  return <u32>byteOf(isMonth ? MONTHS : DAYS, nameFrom + i);
}
