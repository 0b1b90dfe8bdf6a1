import { expect, test } from "vitest";
import { lastRow } from "./rule-extent.ts";

test.each([
  ["one line", ["allow if input.x", "deny if input.y"], 1, 1],
  ["a body", ["allow if {", "\tinput.x", "", "  # why", "\tinput.y", "}", "", "# next", "deny if input.y"], 1, 6],
  ["an else chain", ["a := 1 if {", "  x", "} else := 2 if {", "  y", "}", "else := 3", "b := 1"], 1, 6],
  ["the end of the file", ["x := [", "  1,", "]"], 1, 3],
  ["a row that is not there", ["x"], 9, 9],
])("lastRow: %s", (_, lines, row, last) => expect(lastRow(lines, row)).toBe(last));
