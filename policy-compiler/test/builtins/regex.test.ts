import { expect, test } from "vitest";
import { makeRuntime, type Row, testRows } from "./runtime.ts";

const text = JSON.stringify;
const matches = (pattern: string, value: string, wanted: boolean): Row => [
  "regex.match",
  [text(pattern), text(value)],
  String(wanted),
];
const finds = (pattern: string, value: string, wanted: readonly (readonly string[])[]): Row => [
  "regex.find_all_string_submatch_n",
  [text(pattern), text(value), "-1"],
  JSON.stringify(wanted),
];
const invalid = (pattern: string): Row => ["regex.is_valid", [text(pattern)], "false"];
const valid = (pattern: string): Row => ["regex.is_valid", [text(pattern)], "true"];

testRows([
  matches("", "", true),
  matches("^$", "something", false),
  matches("^[a-z]+\\[[0-9]+\\]$", "foo[1]", true),
  matches("^[a-z]+\\[[0-9]+\\]$", "fo0[1]", false),
  matches("a|b|cd", "xxcdx", true),
  matches("^(GET|HEAD) /api/v[0-9]{1,3}/", "GET /api/v12/users", true),
  matches("^(GET|HEAD) /api/v[0-9]{1,3}/", "GET /api/v1234/users", false),
  matches("^a.c$", "a\nc", false),
  matches("(?s)^a.c$", "a\nc", true),
  matches("^b", "a\nb", false),
  matches("(?m)^b$", "a\nb\nc", true),
  matches("\\bcat\\b", "a cat.", true),
  matches("\\bcat\\b", "concat", false),
  matches("\\B", "aéb", false),
  matches("^.$", "é", true),
  matches("^.{3}$", "日本語", true),
  matches("^[^a]$", "\n", true),
  matches("(?i)straße", "STRAẞE", true),
  matches("(?i)^k$", "\u212a", true),
  matches("(?i:HELLO) world", "hello world", true),
  matches("(?i:HELLO) world", "hello WORLD", false),
  matches("^\\p{Lu}\\p{Ll}+$", "Ärger", true),
  matches("^\\p{Greek}+$", "αβγ", true),
  matches("^\\P{Greek}+$", "αβγ", false),
  matches("^\\p{^Greek}+$", "abc", true),
  matches("^\\pN+$", "1²Ⅷ", true),
  matches("^[[:alpha:]_]+$", "ab_c", true),
  matches("^[[:^digit:]]+$", "ab1", false),
  matches("^[\\d\\-x]+$", "1-x", true),
  matches("^[]a]+$", "]a", true),
  matches("^[a-]+$", "a-", true),
  matches("^\\Qa.b*\\E+$", "a.b***", true),
  matches("^\\x41\\x{1F600}\\101\\t$", "A😀A\t", true),
  matches("x{2}", "xx", true),
  matches("^x{,2}$", "x{,2}", true),
  matches("^(a*)*$", "aaaa", true),
  matches("(?i)\\W", "\u017f", false),
  matches("^(a|a)*b$", `${"a".repeat(2000)}c`, false),
  finds("a(x*)b", "-axxb-ab-", [
    ["axxb", "xx"],
    ["ab", ""],
  ]),
  finds("(a+)(b+)?", "aab a", [
    ["aab", "aa", "b"],
    ["a", "a", ""],
  ]),
  finds("a*", "baaac", [[""], ["aaa"], [""], [""]].slice(0, 3)),
  finds("a|ab", "ab", [["a"]]),
  finds("(?:a|ab)(c|bcd)(d*)", "abcd", [["abcd", "bcd", ""]]),
  finds("(a+?)(a*)", "aaa", [["aaa", "a", "aa"]]),
  finds("(?U)(a+)(a*)", "aaa", [
    ["a", "a", ""],
    ["a", "a", ""],
    ["a", "a", ""],
  ]),
  finds("(?P<y>\\d{4})-(?<m>\\d\\d)", "on 2024-02-03", [["2024-02", "2024", "02"]]),
  finds("(|a)*", "aa", [
    ["", ""],
    ["", ""],
    ["", ""],
  ]),
  finds("(|a)+", "aa", [
    ["", ""],
    ["", ""],
    ["", ""],
  ]),
  finds("日(.)", "日本日曜", [
    ["日本", "本"],
    ["日曜", "曜"],
  ]),
  ["regex.find_n", ['"a."', '"paranormal"', "2"], '["ar","an"]'],
  ["regex.find_n", ['"a."', '"paranormal"', "0"], "[]"],
  ["regex.find_n", ['""', '"é"', "-1"], '["",""]'],
  ["regex.find_n", ['"a"', "1", "-1"], "! eval_type_error: regex.find_n: operand 2 must be string but got number"],
  ["regex.split", ['"[a-z]+$"', '"foobar baz"'], '["foobar ",""]'],
  ["regex.split", ['"a"', '"banana"'], '["b","n","n",""]'],
  ["regex.split", ['""', '"abc"'], '["a","b","c"]'],
  ["regex.split", ['"x"', '""'], '[""]'],
  ["regex.split", ['"^[a-z ]+$"', '"foobar baz"'], '["",""]'],
  ["regex.replace", ['"-wy-wxxy-"', '"w(x*)y"', '"0"'], '"-0-0-"'],
  ["regex.replace", ['"foo"', '"(foo)"', '"$1$1"'], '"foofoo"'],
  [
    "regex.replace",
    ['"john doe"', '"(?P<first>\\\\w+) (?P<last>\\\\w+)"', '"$\u007blast}, $first $2x $$ $"'],
    '"doe, john  $ $"',
  ],
  ["regex.replace", ['"abc"', '""', '"-"'], '"-a-b-c-"'],
  ["regex.replace", ['"baac"', '"a*"', '"x"'], '"xbxcx"'],
  [
    "regex.replace",
    ['"foo"', '"["', '"$1"'],
    "! eval_builtin_error: regex.replace: error parsing regexp: missing closing ]",
  ],
  ["regex.template_match", ['"urn:foo:{.*}"', '"urn:foo:bar:baz"', '"{"', '"}"'], "true"],
  ["regex.template_match", ['"a.b<[0-9]{2}>"', '"axb12"', '"<"', '">"'], "false"],
  ["regex.template_match", ['"a{b"', '"ab"', '"{"', '"}"'], "! unbalanced braces"],
  [
    "regex.template_match",
    ['"a"', '"a"', '"{{"', '"}"'],
    "! eval_type_error: regex.template_match: operand 3 start delimiter",
  ],
  ["regex.globs_match", ['"a.a.[0-9]+z"', '".b.b2359825792*594823z"'], "true"],
  ["regex.globs_match", ['"[a-z]+\\\\[[0-9]+\\\\]"', '"foo[\\"bar\\"]"'], "false"],
  ["regex.globs_match", ['"a*"', '"b*"'], "false"],
  ["regex.globs_match", ['"a+"', '"aaa"'], "true"],
  // OPA's library takes as much as it can first, and does not try less.
  ["regex.globs_match", ['"[a-z]+"', '"[a-c]+[0-9]*"'], "false"],
  ["regex.globs_match", ['"."', '"a+b*"'], "false"],
  ["regex.globs_match", ['"a*a+"', '"aa"'], "true"],
  ["regex.globs_match", ['"[]"', '".*"'], "true"],
  ["regex.globs_match", ['""', '""'], "true"],
  ["regex.globs_match", ['"+"', '"a"'], "! eval_builtin_error: regex.globs_match"],
  ...["[", "a)", "(a", "a**", "*a", "x{2,1}", "x{1001}", "(x{100}){11}", "\\1", "\\8", "\\", "[b-a]", "[[:foo:]]"].map(
    invalid,
  ),
  ...[
    "\\p{Nope}",
    "(?<a",
    "(?P<a>x)(?P<a>y)",
    "(?=x)",
    "\\Z",
    "(?i",
    "[a-\\d]",
    "\\x{110000}",
    "(?-)",
    "x{2}{3}",
    "|*",
  ].map(invalid),
  ...[
    "\\p{Any}",
    "x{1000}",
    "(?i)(?-i:a)",
    "a{,3}",
    "^*",
    "[[:word:]]",
    "\\z",
    "x{0}",
    "()|()",
    "\\pZ",
    "a(?i)*",
    "(?i-s)a",
  ].map(valid),
  ["regex.is_valid", ["1"], "false"],
  ["glob.match", ['"*.github.com"', '["."]', '"api.github.com"'], "true"],
  ["glob.match", ['"*.github.com"', "[]", '"api.cdn.github.com"'], "false"],
  ["glob.match", ['"api.**.com"', '["."]', '"api.cdn.github.com"'], "true"],
  ["glob.match", ['"*"', "null", '"foo.bar"'], "true"],
  ["glob.match", ['"{cat,bat,[fr]at}"', "[]", '"rat"'], "true"],
  ["glob.match", ['"{cat,bat,[fr]at}"', "[]", '"at"'], "false"],
  ["glob.match", ['"{a{b,c},d*}"', "[]", '"ac"'], "true"],
  ["glob.match", ['"[!a-c]at"', "[]", '"fat"'], "true"],
  ["glob.match", ['"[!abc]at"', "[]", '"cat"'], "false"],
  ["glob.match", ['"?at"', '["f"]', '"fat"'], "false"],
  ["glob.match", ['"\\\\*"', "null", '"a"'], "false"],
  ["glob.match", ['"\\\\*"', "null", '"*"'], "true"],
  ["glob.match", ['"/user/*/ro?e"', '["/", ":"]', '"/user/é/rose"'], "true"],
  ["glob.match", ['"["', "null", '"a"'], "! eval_builtin_error: glob.match"],
  ["glob.match", ['"a"', '["ab"]', '"a"'], "! eval_type_error: glob.match: operand 2 must be array of rune"],
  ["glob.match", ['"a"', '"b"', '"a"'], "! glob.match: operand 2 must be one of {array, null} but got string"],
  ["glob.quote_meta", ['"*.github{}com"'], '"\\\\*.github\\\\{\\\\}com"'],
]);

test("a pattern with many alternatives takes steps in proportion to the text", () => {
  const runtime = makeRuntime();
  const long = "a".repeat(20_000);
  expect(runtime.call("regex.match", ['"(a?){200}a{200}$"', text(`${long}b`)])).toBe("false");
});

test("an expression that would fill the memory is refused", () => {
  const runtime = makeRuntime();
  const wide = "(?:[a-z]|[0-9]|x|y|z|u|v|w|abcdefghijklmnopqrstuvwxyzabcdefghijklmnop){1000}";
  expect(runtime.call("regex.match", [text(wide), '"a"'], { strict: true })).toContain("expression too large");
});
