/** Policy: a unit written into one resource, for clusters, where no directory of a source holds it. */
import { z } from "zod";
import { KEY_PATTERN, text } from "../schema/values.ts";

/** etcd takes values of 1.5 MB: four such texts are as much as an object may hold. */
const MODULE_LENGTH_MAX = 262_144;
const FILES_MAX = 64;
const MODULE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}\.rego$/;
/** As in a directory: the ending says what is a test. */
const TEST_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}_test\.rego$/;

const files = (name: RegExp, example: string) =>
  z
    .record(z.string(), text({ what: "Rego", lengthMax: MODULE_LENGTH_MAX }))
    .refine((value) => Object.keys(value).length <= FILES_MAX, `has more than ${FILES_MAX} entries`)
    .refine((value) => Object.keys(value).every((key) => name.test(key)), {
      error: ({ input }) => {
        const wrong = Object.keys(input as object).find((key) => !name.test(key)) ?? "";
        return `has a key ${wrong.slice(0, 60)}, which is no file's name such as ${example}`;
      },
    })
    .meta({ maxProperties: FILES_MAX, [KEY_PATTERN]: name.source });

export const policySpec = z
  .strictObject({
    modules: files(MODULE_NAME, "authz.rego").describe(
      "Rego by file name, such as authz.rego; diagnostics and decisions name files so",
    ),
    data: z
      .record(z.string(), z.unknown())
      .prefault({})
      .describe("the unit's data document, which its modules read as data; empty unless given"),
    tests: files(TEST_NAME, "authz_test.rego")
      .prefault({})
      .describe("modules of test rules, by file name; a Policy of which one fails is refused; none unless given"),
  })
  .refine(({ modules, tests }) => Object.keys(tests).every((name) => !Object.hasOwn(modules, name)), {
    path: ["tests"],
    error: "has a name that modules has, too",
  });

export type PolicySpec = z.output<typeof policySpec>;
