import { testRows } from "./runtime.ts";

// What OPA 1.22.2 gives.
testRows([
  [
    "strings.render_template",
    [
      '"{{.a}} {{.b}} {{.c}} {{.d}}"',
      '{"a": [1,"x",null,true], "b": {"k": 1.50, "j": [2]}, "c": null, "d": "<no value>"}',
    ],
    '"[1 x <nil> true] map[j:[2] k:1.50] <undefined> <undefined>"',
  ],
  ["strings.render_template", ['"{{.s}}"', '{"s": {2,1}}'], "! eval_builtin_error: strings.render_template: "],
  ["strings.render_template", ['"{{range .a}}{{.}};{{else}}none{{end}}"', '{"a": {"x": 1, "b": 2}}'], '"2;1;"'],
  [
    "strings.render_template",
    ['"{{range $k, $v := .a}}{{$k}}={{$v}};{{end}}"', '{"a": {"x": 1, "b": 2}}'],
    '"b=2;x=1;"',
  ],
  ["strings.render_template", ['"{{range .a}}{{.}}{{else}}none{{end}}"', '{"a": []}'], '"none"'],
  [
    "strings.render_template",
    ['"{{range .a}}{{.}}{{end}}"', '{"a": 5}'],
    "! eval_builtin_error: strings.render_template: ",
  ],
  ["strings.render_template", ['"{{range .a}}{{.}}{{end}}"', "{}"], '""'],
  ["strings.render_template", ['"{{with .a}}[{{.b}}]{{else}}no{{end}}"', '{"a": {"b": 1}}'], '"[1]"'],
  ["strings.render_template", ['"{{.a.b.c}}"', '{"a": {"b": {"c": 7}}}'], '"7"'],
  ["strings.render_template", ['"{{.a.b.c}}"', '{"a": {"b": 1}}'], "! eval_builtin_error: strings.render_template: "],
  ["strings.render_template", ['"{{.a.b.c}}"', '{"a": {}}'], '"<undefined>"'],
  ["strings.render_template", ['"{{eq .a 1}}"', '{"a": 1}'], "! eval_builtin_error: strings.render_template: "],
  ["strings.render_template", ['"{{eq .a \\"1\\"}}"', '{"a": 1}'], '"true"'],
  [
    "strings.render_template",
    ['"{{eq .a \\"x\\" \\"y\\"}} {{ne .a \\"x\\"}} {{lt .a \\"z\\"}}"', '{"a": "y"}'],
    '"true true true"',
  ],
  ["strings.render_template", ['"{{len .a}} {{index .a 1}} {{len \\"abc\\"}}"', '{"a": [1, 2]}'], '"2 2 3"'],
  ["strings.render_template", ['"{{index .a \\"k\\"}}"', '{"a": {"k": "v"}}'], '"v"'],
  ["strings.render_template", ['"{{and .a .b}} {{or .a .b}} {{not .a}}"', '{"a": "", "b": "x"}'], '" x true"'],
  ["strings.render_template", ['"{{.a | printf \\"%s-%s\\" \\"x\\"}}"', '{"a": "b"}'], '"x-b"'],
  ["strings.render_template", ['"{{ $x := .a }}{{ $x }} {{- \\" y \\" -}} z"', '{"a": "b"}'], '"b y z"'],
  ["strings.render_template", ['"{{/* c */}}a{{- /* d */ -}} b"', "{}"], '"ab"'],
  ["strings.render_template", ['"{{if and (eq .a \\"1\\") .b}}T{{end}}"', '{"a": "1", "b": true}'], '"T"'],
  [
    "strings.render_template",
    ['"{{html .a}} {{js .a}} {{urlquery .a}} {{print .a 1 2 \\"x\\"}} {{println .a}}"', '{"a": "<\'&\\">"}'],
    '"&lt;&#39;&amp;&#34;&gt; \\\\u003C\\\\\'\\\\u0026\\\\\\"\\\\u003E %3C%27%26%22%3E <\'&\\">1 2x <\'&\\">\\n"',
  ],
  ["strings.render_template", ['"{{define \\"t\\"}}[{{.}}]{{end}}{{template \\"t\\" .a}}"', '{"a": 1}'], '"[1]"'],
  ["strings.render_template", ["\"{{1}} {{1.5}} {{true}} {{'a'}} {{`raw`}}\"", "{}"], '"1 1.5 true 97 raw"'],
  ["strings.render_template", ['"{{.a}"', "{}"], "! eval_builtin_error: strings.render_template: "],
  ["strings.render_template", ['"{{if}}{{end}}"', "{}"], "! eval_builtin_error: strings.render_template: "],
  ["strings.render_template", ['"{{foo .a}}"', "{}"], "! eval_builtin_error: strings.render_template: "],
  [
    "strings.render_template",
    [
      '"{{range $i, $e := .a}}{{if eq $i 1}}{{continue}}{{end}}{{if eq $i 3}}{{break}}{{end}}{{$i}}{{$e}}{{end}}"',
      '{"a": ["a","b","c","d","e"]}',
    ],
    '"0a2c"',
  ],
  ["strings.render_template", ['"{{slice .a 1 2}}"', '{"a": "abc"}'], '"b"'],
  ["strings.render_template", ['"{{.a.b}} {{$.a.b}}"', '{"a": {"b": 1}}'], '"1 1"'],
  ["strings.render_template", ['"{{(index .a 0).b}}"', '{"a": [{"b": 3}]}'], '"3"'],
  ["strings.render_template", ['"{{nil}}"', "{}"], "! eval_builtin_error: strings.render_template: "],
  ["strings.render_template", ['"{{.}}"', '{"a": 1}'], '"map[a:1]"'],
  ["strings.render_template", ['"{{.a}}"', "{1: 2}"], "! eval_builtin_error: strings.render_template: "],
  [
    "strings.render_template",
    ['"{{if .a}}y{{else}}n{{end}} {{printf \\"%5s|%t\\" .a .b}}"', '{"a": 0, "b": true}'],
    '"y     0|true"',
  ],
  [
    "strings.render_template",
    [
      '"{{printf \\"%T %T %T %T %T %T %T\\" .a .s .b .n .l .o .z}}|{{printf \\"%T %T %5T|\\" 1 1.5 true}}"',
      '{"a": 1, "s": "x", "b": true, "n": null, "l": [1], "o": {"k": 1}}',
    ],
    '"json.Number string bool <nil> []interface {} map[string]interface {} <nil>|int float64  bool|"',
  ],
  [
    "strings.render_template",
    [
      '"{{printf \\"%d %s %d %v\\" .a .n .s .n}}{{printf \\"x\\" .a .n (len .l)}}"',
      '{"a": 1, "s": "x", "n": null, "l": [1]}',
    ],
    '"%!d(json.Number=1) %!s(<nil>) %!d(string=x) <nil>x%!(EXTRA json.Number=1, <nil>, int=1)"',
  ],
]);
