/** A route of the Gateway API as its user applies it, and reads of it what became of it. */
import type { Api } from "./api.ts";
import { kubectl } from "./api-server.ts";
import { must, until, type World } from "./check.ts";

export const WITHIN_MS = 30_000;
export const GATEWAY_GROUP = "gateway.networking.k8s.io";
export const OURS = "regomesh.dev/controller";

type Condition = {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
  readonly observedGeneration?: number;
};
type RouteObject = {
  readonly metadata: { readonly generation: number; readonly resourceVersion: string };
  readonly status?: {
    readonly parents?: readonly { readonly controllerName: string; readonly conditions: readonly Condition[] }[];
  };
};

export async function readRoute(api: Api, place: string): Promise<RouteObject> {
  return (await api.ask("GET", place)).body as unknown as RouteObject;
}

/** Our entry says so of the newest text: `{ Accepted: "True Accepted" }`. */
export async function conditionsOf(
  api: Api,
  place: string,
  what: string,
  wanted: Readonly<Record<string, string>>,
): Promise<void> {
  let last: unknown;
  await until(what, WITHIN_MS, async () => {
    const { metadata, status } = await readRoute(api, place);
    const own = status?.parents?.find(({ controllerName }) => controllerName === OURS)?.conditions ?? [];
    last = own;
    return Object.entries(wanted).every(([name, said]) =>
      own.some(
        ({ type, status: is, reason, observedGeneration }) =>
          type === name && `${is} ${reason}` === said && observedGeneration === metadata.generation,
      ),
    )
      ? true
      : undefined;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; its conditions are ${JSON.stringify(last)}`);
  });
}

export function apply({ server }: Pick<World, "server">, text: string): void {
  const applied = kubectl(server, ["apply", "-f", "-"], text);
  must(applied.code === 0, applied.out);
}

export function document(apiVersion: string, kind: string, metadata: object, spec: object): string {
  return JSON.stringify({ apiVersion, kind, metadata, spec });
}
