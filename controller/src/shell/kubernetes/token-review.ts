/**
 * Who a token of a ServiceAccount is: the API server's word, for tokens that were made for the mesh alone and are
 * bound to a Pod; and the Pod is the one that is there now.
 */
import type { ClusterObject } from "../../kubernetes/cluster-object.ts";
import { TOKEN_AUDIENCE } from "../../kubernetes/injection.ts";
import { type ApiConnection, refusalOf } from "./api-connection.ts";

/** Of a JSON web token, and no join token of ours. */
export function isWebToken(token: string): boolean {
  return /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token);
}

export type Reviewed =
  /** `workload`: `namespace/name`, a Pod's. */
  { readonly workload: string; readonly serviceAccount: string } | { readonly fault: string };

type Status = {
  readonly authenticated?: boolean;
  readonly audiences?: readonly string[];
  readonly error?: string;
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
};

/** `find`: a Pod by `objectKey`. Throws ApiUnreachable. */
export async function reviewToken(
  token: string,
  connection: ApiConnection,
  find: (key: string) => ClusterObject | undefined,
): Promise<Reviewed> {
  const answer = await connection.request({
    method: "POST",
    path: "/apis/authentication.k8s.io/v1/tokenreviews",
    body: { apiVersion: "authentication.k8s.io/v1", kind: "TokenReview", spec: { token, audiences: [TOKEN_AUDIENCE] } },
  });
  if (answer.status !== 201) return { fault: `the API server reviews no token: ${refusalOf(answer)}` };
  const { status = {} } = answer.body as { readonly status?: Status };
  if (status.authenticated !== true) return { fault: "the API server does not know the token" };
  // A server that knows nothing of audiences names none, and would let any token in.
  if (status.audiences?.includes(TOKEN_AUDIENCE) !== true) return { fault: `the token is not for ${TOKEN_AUDIENCE}` };
  const { username = "", extra = {} } = status.user ?? {};
  const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(username) ?? [];
  if (namespace === undefined || account === undefined) return { fault: "the token is no ServiceAccount's" };
  const [pod] = extra["authentication.kubernetes.io/pod-name"] ?? [];
  const [uid] = extra["authentication.kubernetes.io/pod-uid"] ?? [];
  if (pod === undefined || uid === undefined) return { fault: "the token is bound to no Pod" };
  const there = find(`Pod/${namespace}/${pod}`);
  const spec = (there?.spec ?? {}) as { readonly serviceAccountName?: string };
  if (there?.metadata.uid !== uid) return { fault: `Pod ${namespace}/${pod} is not there, or is another one now` };
  if ((spec.serviceAccountName ?? "default") !== account)
    return { fault: `Pod ${namespace}/${pod} is not of ServiceAccount ${account}` };
  return { workload: `${namespace}/${pod}`, serviceAccount: account };
}
