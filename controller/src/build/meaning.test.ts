import { expect, test } from "vitest";
import { meaningOf } from "./meaning.ts";

const unit = (text: string, more: Readonly<Record<string, string>> = {}) => ({
  name: "u",
  directory: "u",
  files: [
    { name: "u/p.rego", text },
    ...Object.entries(more).map(([name, body]) => ({ name: `u/${name}`, text: body })),
  ],
});
const rule = 'package p\n\nallow if input.user == "ann"\n';

const same: Readonly<Record<string, readonly [ReturnType<typeof unit>, ReturnType<typeof unit>]>> = {
  "a comment": [unit(rule), unit(`# who may\n${rule}# the end\n`)],
  "blank lines and spaces": [unit(rule), unit('package p\n\n\n\nallow if   input.user   ==  "ann"\n')],
  "a test": [unit(rule), unit(rule, { "p_test.rego": "package p_test\n\ntest_a if true\n" })],
  "the order of data's keys": [
    unit(rule, { "data.json": '{"a": 1, "b": 2}' }),
    unit(rule, { "data.json": '{"b": 2,   "a": 1}' }),
  ],
};
test.each(Object.entries(same))("%s changes nothing of what a unit says", (_, [a, b]) => {
  expect(meaningOf(b)).toBe(meaningOf(a));
});

const different: Readonly<Record<string, readonly [ReturnType<typeof unit>, ReturnType<typeof unit>]>> = {
  "a value": [unit(rule), unit(rule.replace("ann", "bob"))],
  "a number's text": [unit("package p\n\nx := 1.0\n"), unit("package p\n\nx := 1.00000000000000000001\n")],
  negation: [unit(rule), unit(rule.replace("if input", "if not input"))],
  data: [unit(rule, { "data.json": '{"a": 1}' }), unit(rule, { "data.json": '{"a": 2}' })],
  "an annotation, which rules can read": [
    unit(`# METADATA\n# custom:\n#   at: 1\n${rule}`),
    unit(`# METADATA\n# custom:\n#   at: 2\n${rule}`),
  ],
  "the language that a manifest says": [
    unit("package p\n\nx := 1\n", { ".manifest": '{"rego_version": 0}' }),
    unit("package p\n\nx := 1\n", { ".manifest": '{"rego_version": 1}' }),
  ],
};
test.each(Object.entries(different))("%s changes what a unit says", (_, [a, b]) => {
  expect(meaningOf(b)).not.toBe(meaningOf(a));
});
