/** A cluster as whoever looks at it once sees it: lists of kinds, and single questions to its API server. */
import type { Clock } from "@regomesh/base";
import type { ClusterObject } from "../../kubernetes/cluster-object.ts";
import { collectionPath, objectPath, WATCHED, type Watched } from "../../kubernetes/watched.ts";
import { type AccessOptions, openAccess } from "./access.ts";
import { type Answer, ApiConnection, refusalOf } from "./api-connection.ts";

const PAGE_SIZE = 500;

/** What an API server knows of, beside the kinds that are watched. */
export type ListedKind = Pick<Watched, "kind" | "apiVersion" | "plural">;

export class ClusterReader implements AsyncDisposable {
  readonly #connection: ApiConnection;

  private constructor(connection: ApiConnection) {
    this.#connection = connection;
  }

  /** Throws Error with a sentence for people where no kubeconfig says where a cluster is. */
  static async open(options: AccessOptions, clock: Clock): Promise<ClusterReader> {
    return new ClusterReader(new ApiConnection(await openAccess(options), clock));
  }

  get origin(): string {
    return this.#connection.origin;
  }

  /** What the API server answers with. Throws where it does not answer. */
  async get(path: string): Promise<Answer> {
    return await this.#connection.request({ path });
  }

  /** Whether whoever asks may; undefined where the API server does not say. */
  async may(verb: string, group: string, resource: string, namespace?: string): Promise<boolean | undefined> {
    const answer = await this.#connection.request({
      method: "POST",
      path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
      body: {
        apiVersion: "authorization.k8s.io/v1",
        kind: "SelfSubjectAccessReview",
        spec: { resourceAttributes: { verb, group, resource, ...(namespace === undefined ? {} : { namespace }) } },
      },
    });
    const body = answer.body as { readonly status?: { readonly allowed?: boolean } } | undefined;
    return answer.status === 201 ? body?.status?.allowed : undefined;
  }

  /** One object; undefined where it is not there. Throws where the API server refuses or does not answer. */
  async find(
    kind: ListedKind,
    place: { readonly namespace?: string; readonly name: string },
  ): Promise<ClusterObject | undefined> {
    const path = objectPath(kind, place);
    const answer = await this.get(path);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw new Error(`${path}: ${refusalOf(answer)}`);
    return answer.body as ClusterObject;
  }

  /** Every object of a kind, of all namespaces; undefined where the kind is not installed. Throws as `find` does. */
  async list(kind: ListedKind): Promise<readonly ClusterObject[] | undefined> {
    const items: ClusterObject[] = [];
    let from = "";
    do {
      const query = new URLSearchParams({ limit: String(PAGE_SIZE), ...(from === "" ? {} : { continue: from }) });
      const answer = await this.get(`${collectionPath(kind)}?${query}`);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw new Error(`${kind.plural} cannot be listed: ${refusalOf(answer)}`);
      const page = answer.body as {
        readonly metadata: { readonly continue?: string };
        readonly items?: readonly ClusterObject[];
      };
      for (const item of page.items ?? []) items.push({ ...item, kind: kind.kind, apiVersion: kind.apiVersion });
      from = page.metadata.continue ?? "";
    } while (from !== "");
    return items;
  }

  /** Every object that a controller would watch, and which kinds are not installed. */
  async listWatched(): Promise<{ readonly objects: readonly ClusterObject[]; readonly absent: readonly string[] }> {
    const lists = await Promise.all(WATCHED.map(async (watched) => ({ watched, items: await this.list(watched) })));
    return {
      objects: lists.flatMap(({ items }) => items ?? []),
      absent: lists.flatMap(({ watched, items }) => (items === undefined ? [watched.kind] : [])),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#connection[Symbol.asyncDispose]();
  }
}
