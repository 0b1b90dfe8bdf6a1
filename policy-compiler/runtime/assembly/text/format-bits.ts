/** %x, %X and %b of floats: a double's own bits, as Go's strconv writes them. */
import { putByte, putInt, putText } from "../buffer";

const MANTISSA_BITS: i32 = 52;
const BIAS: i32 = 1023;
/** The leading one of a mantissa stands here while it is written. */
const LEAD: u64 = 1 << 60;

let mantissa: u64 = 0;
let exponent: i32 = 0;

function takeApart(double: f64): void {
  const bits = reinterpret<u64>(double);
  mantissa = bits & 0xfffffffffffff;
  exponent = <i32>(bits >>> 52) & 0x7ff;
  if (exponent == 0) exponent = 1;
  else mantissa |= <u64>1 << 52;
  exponent -= BIAS;
}

/** `6755399441055744p-52`, without sign. */
export function writeBinaryFloat(buffer: usize, double: f64): void {
  takeApart(double);
  putInt(buffer, mantissa);
  putByte(buffer, 0x70);
  exponent -= MANTISSA_BITS;
  if (exponent >= 0) putByte(buffer, 0x2b);
  putInt(buffer, exponent);
}

/** `0x1.8p+02`, without sign, with `places` hexadecimal digits behind the point, or as many as it takes (-1). */
export function writeHexFloat(buffer: usize, double: f64, places: i32): void {
  takeApart(double);
  if (mantissa == 0) exponent = 0;
  mantissa <<= 60 - MANTISSA_BITS;
  while (mantissa != 0 && (mantissa & LEAD) == 0) {
    mantissa <<= 1;
    exponent--;
  }
  if (places >= 0 && places < 15) round(places << 2);
  putText(buffer, "0x");
  putByte(buffer, 0x30 + <u32>((mantissa >>> 60) & 1));
  mantissa <<= 4;
  if (places > 0 || (places < 0 && mantissa != 0)) putByte(buffer, 0x2e);
  for (let i = 0; places < 0 ? mantissa != 0 : i < places; i++) {
    const digit = <u32>(mantissa >>> 60);
    putByte(buffer, digit < 10 ? 0x30 + digit : 0x57 + digit);
    mantissa <<= 4;
  }
  putByte(buffer, 0x70);
  putByte(buffer, exponent < 0 ? 0x2d : 0x2b);
  const magnitude = exponent < 0 ? -exponent : exponent;
  if (magnitude < 10) putByte(buffer, 0x30);
  putInt(buffer, magnitude);
}

/** To the nearest, halves to the even one. */
function round(bits: i32): void {
  const extra = (mantissa << <u64>bits) & (LEAD - 1);
  mantissa >>>= <u64>(60 - bits);
  if ((extra | (mantissa & 1)) > (<u64>1 << 59)) mantissa++;
  mantissa <<= <u64>(60 - bits);
  if ((mantissa & (<u64>1 << 61)) != 0) {
    mantissa >>>= 1;
    exponent++;
  }
}
