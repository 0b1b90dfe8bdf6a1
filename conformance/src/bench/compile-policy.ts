/** The policy that compiling is measured with: rules that each ask the method, the path and a role of the data. */
export const COMPILE_ENTRYPOINT = "t/allow";

export function compiledPolicy(rules: number): string {
  return [
    "package t\ndefault allow := false\n",
    ...Array.from(
      { length: rules },
      (_, i) => `allow if {
	input.attributes.request.http.method == "GET"
	input.parsed_path == ["service-${i}", user]
	some role in data.roles[user]
	role == "reader-${i % 7}"
}
`,
    ),
  ].join("\n");
}
