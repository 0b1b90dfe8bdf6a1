/** Runs a policy before requests do: compiled lazily by the engine, its first calls are its slowest. */
import { RequestId, toHeadTable } from "@regomesh/policy-runtime";
import type { BoundPolicy } from "../../decide/bound-policy.ts";
import { asciiBytes } from "../../http1/characters.ts";

const HEAD = asciiBytes("GET /regomesh/warm HTTP/1.1\r\nhost: warm\r\nuser-agent: regomesh\r\n\r\n");
const TABLE = toHeadTable(HEAD);
const NO_ID = new RequestId();
const CALLS = 20;

export function warm(bound: BoundPolicy): void {
  bound.policy.setConnection({
    scheme: "http",
    principal: undefined,
    trustDomain: undefined,
    namespace: undefined,
    serviceAccount: undefined,
    sourceAddress: "127.0.0.1",
    sourcePort: 0,
    destinationAddress: "127.0.0.1",
    destinationPort: 0,
    destinationPrincipal: undefined,
  });
  for (let call = 0; call < CALLS; call++) bound.policy.decide(HEAD, HEAD.length, TABLE, bound.mask, NO_ID, 0);
}
