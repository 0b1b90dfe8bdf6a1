/** `npm run conformance:k8s`: the controller against a real API server. */
import { parseArgs } from "node:util";
import { countOf, patternOf } from "../command-line.ts";
import { Api } from "./api.ts";
import { openApiServer } from "./api-server.ts";
import { type Check, runChecks } from "./check.ts";
import { CHURN_CHECK } from "./churn.ts";
import { CRD_CHECKS } from "./crds.ts";
import { DELETION_CHECKS } from "./deletion.ts";
import { FIRST_START_CHECK } from "./first-start.ts";
import { FOREIGN_CHECK } from "./foreign-fields.ts";
import { STATUS_CHECK } from "./honest-status.ts";
import { HOSTILE_CHECK } from "./hostile/hostile.ts";
import { INJECTION_CHECK } from "./injection.ts";
import { LEADER_CHECK } from "./leaders.ts";
import { MANIFEST_CHECK } from "./manifests.ts";
import { manyCheck } from "./many.ts";
import { OUTAGE_CHECK } from "./outages.ts";
import { findKubernetes, KUBERNETES_VERSION } from "./peers.ts";
import { PLUGIN_CHECK } from "./plugin.ts";
import { ROUTES_CHECK } from "./routes.ts";
import { TAKEN_BACK_CHECK } from "./taken-back.ts";
import { VERBS_CHECK } from "./verbs.ts";
import { WALK } from "./walk.ts";
import { WEBHOOK_CHECK } from "./webhook-down.ts";

export const USAGE = `Runs the controller against kube-apiserver ${KUBERNETES_VERSION} with etcd, on loopback: no kubelet, no scheduler.

usage: npm run conformance:k8s -- [--only RE] [--objects N]
  --only RE  checks whose name matches; the CRDs are installed in any case
  --objects N  how many for K2 (default 10000)
The API server is built once, outside the project ($REGOMESH_PEERS, or the user's cache).
exit codes: 0 all pass, 1 some fail, 2 what it needs is not there, 64 wrong usage`;

const checksOf = (objects: number): readonly Check[] => [
  ...CRD_CHECKS,
  MANIFEST_CHECK,
  FIRST_START_CHECK,
  INJECTION_CHECK,
  VERBS_CHECK,
  WALK,
  ROUTES_CHECK,
  PLUGIN_CHECK,
  manyCheck(objects),
  OUTAGE_CHECK,
  LEADER_CHECK,
  FOREIGN_CHECK,
  WEBHOOK_CHECK,
  ...DELETION_CHECKS,
  STATUS_CHECK,
  HOSTILE_CHECK,
  TAKEN_BACK_CHECK,
  CHURN_CHECK,
];

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string", default: "" },
      objects: { type: "string", default: "10000" },
    },
  });
  const say = (line: string) => console.log(line);
  const only = patternOf(values.only, "only");
  const [install, ...others] = checksOf(countOf(values.objects, "objects"));
  const chosen = [...(install === undefined ? [] : [install]), ...others.filter(({ name }) => only.test(name))];
  const peers = await Promise.try(() => findKubernetes(say)).catch((error: Error) => {
    console.error(`conformance:k8s: ${error.message}`);
    return undefined;
  });
  if (peers === undefined) return 2;
  const server = await openApiServer(peers);
  const api = new Api(server);
  try {
    const { passed, failed } = await runChecks(chosen, { server, api, say });
    say(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } finally {
    api.close();
    await server.close();
  }
}
