/** What `regomesh up` shows once everything runs: the state in one glance, and three things to try. */
import type { Paint } from "../paint.ts";

export type UpFacts = {
  readonly seconds: number;
  readonly page: string;
  readonly edge: string;
  readonly revision: string;
  readonly enforced: number;
  readonly sidecars: number;
  /** Which paths of the repository may speak for which namespaces, as `--allow` has it. */
  readonly allow: readonly string[];
  readonly repository: string;
  /** Where everything is kept. */
  readonly state: string;
  /** What the refused request of the second try gave just now. */
  readonly denial:
    | { readonly status: number; readonly decision: string; readonly rule: string; readonly place: string }
    | undefined;
};

export function printUp(facts: UpFacts, paint: Paint): string {
  const { bold, dim, cyan, green } = paint;
  const denial =
    facts.denial === undefined
      ? "403 with a decision id, the rule and its file:line"
      : `${facts.denial.status} · decision ${facts.denial.decision} · ${facts.denial.rule} · ${facts.denial.place}`;
  const force = `revision ${facts.revision} in force on ${facts.enforced} of ${facts.sidecars}`;
  return `${bold("Regomesh is up")} in ${facts.seconds.toFixed(1)} s      page  ${cyan(facts.page)}

  web ──▶ orders (v1, v2) ──▶ payments        ${facts.sidecars} sidecars, mTLS, ${facts.enforced === facts.sidecars ? green(force) : force}

${bold("Try")}
  1  it passes        curl ${facts.edge}/orders -H 'x-user: alice'
  2  it is refused    curl ${facts.edge}/refunds -H 'x-user: alice'
                      ${dim(denial)}
  3  flip it          sed -i 's/alice: \\[orders\\]/alice: [orders, refunds]/' ${facts.repository}/examples/authz/data.yaml
                      git -C ${facts.repository} commit -am "refunds for alice"
                      ${dim("in force within a second, and 2 passes")}

${dim(`Who commits where may speak for: ${facts.allow.join("  ")}  (path=namespaces; --allow changes it)`)}
${dim(`Ctrl-C ends everything. State is kept in ${facts.state}; --fresh forgets it (npm start -- --fresh).`)}
`;
}
