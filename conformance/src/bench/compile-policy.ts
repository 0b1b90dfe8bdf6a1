/**
 * The policies that compiling is measured with. Of `alike` each rule asks the method, the path and a role of the data, as
 * lists of grants do; of `varied` hardly two ask for the same things in the same order.
 */
export const COMPILE_ENTRYPOINT = "t/allow";

export type CompiledPolicy = "alike" | "varied";

export function compiledPolicy(rules: number, kind: CompiledPolicy): string {
  const rule = kind === "alike" ? alikeRule : variedRule;
  return ["package t\ndefault allow := false\n", ...Array.from({ length: rules }, (_, i) => rule(i))].join("\n");
}

function alikeRule(i: number): string {
  return `allow if {
	input.attributes.request.http.method == "GET"
	input.parsed_path == ["service-${i}", user]
	some role in data.roles[user]
	role == "reader-${i % 7}"
}
`;
}

const HTTP = "input.attributes.request.http";
/** What a rule asks: each by itself, in any order. */
const CONDITIONS: readonly ((i: number) => string)[] = [
  (i) => `${HTTP}.method == "${["GET", "PUT", "POST"][i % 3]}"`,
  (i) => `startswith(${HTTP}.path, "/service-${i}/")`,
  (i) => `${HTTP}.headers["x-team"] in {"team-${i % 5}", "team-${i % 11}"}`,
  (i) => `some role${i} in data.roles[${HTTP}.headers["x-user"]]; role${i} == "reader-${i % 7}"`,
  (i) => `count(input.parsed_path) > ${(i % 4) + 1}`,
  (i) => `not data.blocked["service-${i}"]`,
  (i) => `every part${i} in input.parsed_path { part${i} != "secret-${i % 9}" }`,
  (i) => `to_number(input.parsed_query.limit[0]) <= ${i * 10}`,
  (i) => `regex.match("^/v${i % 3}/[a-z]+$", ${HTTP}.path)`,
  (i) => `{name | some name, true in data.flags["service-${i}"]} != set()`,
];
const ASKED = 4;

/** Of the rows of four different conditions the one of this number, far from those of the numbers beside it. */
function variedRule(i: number): string {
  const left = [...CONDITIONS];
  let number = (i * 1999) % 5040;
  const asked = Array.from({ length: ASKED }, () => {
    const [condition] = left.splice(number % left.length, 1) as [(typeof CONDITIONS)[number]];
    number = Math.floor(number / (left.length + 1));
    return condition(i);
  });
  return `allow if {\n${asked.map((each) => `\t${each}\n`).join("")}}\n`;
}
