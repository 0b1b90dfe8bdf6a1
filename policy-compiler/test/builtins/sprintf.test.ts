import { testRows } from "./runtime.ts";

// What OPA 1.22.2 gives.
testRows([
  [
    "sprintf",
    ['"%s is %d years, %v"', '["Bob", 42, {"a": [1, "x", null], "b": {2, 1}}]'],
    '"Bob is 42 years, {\\"a\\": [1, \\"x\\", null], \\"b\\": {1, 2}}"',
  ],
  ["sprintf", ['"%d %d"', "[12345678901234567890123, -5]"], '"12345678901234567890123 -5"'],
  ["sprintf", ['"%5d|%-5d|%05d|%+d|% d"', "[42, 42, 42, 42, 42]"], '"   42|42   |00042|+42| 42"'],
  [
    "sprintf",
    ['"%x %X %#x %o %b %c %q %U"', "[255, 255, 255, 8, 5, 128512, 65, 128512]"],
    "\"ff FF 0xff 10 101 😀 'A' U+1F600\"",
  ],
  [
    "sprintf",
    ['"%f %.2f %e %g %v %08.3f"', "[1.5, 2.345, 123456.789, 1e21, 0.1, -3.14159]"],
    '"1.500000 2.35 1.234568e+05 1e+21 0.1 -003.142"',
  ],
  ["sprintf", ['"%v %v %v"', "[1e3, 1.0, 1e400]"], '"1000 1 1e400"'],
  [
    "sprintf",
    ['"%q %x %10s|%-10s|%.2s"', '["a\\"é\\n", "hi", "añ", "añ", "日本語"]'],
    '"\\"a\\\\\\"é\\\\n\\" 6869         añ|añ        |日本"',
  ],
  ["sprintf", ['"%d"', '["x"]'], '"%!d(string=x)"'],
  ["sprintf", ['"%s"', "[1.5]"], '"%!s(float64=1.5)"'],
  ["sprintf", ['"%z %!"', "[1]"], '"%!z(int64=1) %!!(MISSING)"'],
  ["sprintf", ['"%d %d"', "[1]"], '"1 %!d(MISSING)"'],
  ["sprintf", ['"%d"', '[1, "a", 2.5]'], '"1%!(EXTRA string=a, float64=2.5)"'],
  ["sprintf", ['"%[2]d %[1]d %[3]d"', "[1, 2]"], '"2 1 %!d(BADINDEX)"'],
  ["sprintf", ['"%*d|%-*d|%.*f"', "[5, 42, 4, 7, 2, 3.14159]"], '"   42|7   |3.14"'],
  ["sprintf", ['"100%% %"', "[]"], '"100% %!(NOVERB)"'],
  ["sprintf", ['"%t %T %T %T"', "[true, 1, 1.5, null]"], '"%!t(string=true) int64 float64 string"'],
  ["sprintf", ['"%s"', '"x"'], "! eval_type_error: sprintf: operand 2 must be array but got string"],
  ["sprintf", ["1", "[]"], "! eval_type_error: sprintf: operand 1 must be string but got number"],
  ["sprintf", ['"%999999999999d"', "[1]"], '"%!(NOVERB)%!(EXTRA int64=1)"'],
]);
