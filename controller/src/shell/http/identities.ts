/** The API about identities, for operators: join tokens, who has which certificate, and another one now. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { StoreError } from "../../store/store.ts";
import type { Attestor } from "../ca/attestor.ts";
import { TOKEN_TTL_MAX_MS, TOKEN_TTL_MS, TOKEN_USES_MAX } from "../ca/join-tokens.ts";

/** A workload and a namespace, as DNS allows them. */
const NAME_LENGTH_MAX = 600;

type Guard = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export function addIdentities(app: FastifyInstance, attestor: Attestor, onRequest: Guard): void {
  app.get("/api/identity", { onRequest }, async (_, reply) => await secret(reply).send(attestor.identities()));
  app.get(
    "/api/tokens",
    { onRequest },
    async (_, reply) => await secret(reply).send({ tokens: await attestor.tokens() }),
  );
  app.post("/api/tokens", { onRequest }, async (request, reply) => {
    const { workload, ttlMs = TOKEN_TTL_MS, uses = 1 } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    if (!isName(workload)) return await wrong(reply, "workload is NAMESPACE/NAME");
    if (!isWhole(ttlMs, 1000, TOKEN_TTL_MAX_MS)) return await wrong(reply, "ttlMs is from a second to thirty days");
    if (!isWhole(uses, 1, TOKEN_USES_MAX)) return await wrong(reply, `uses is from 1 to ${TOKEN_USES_MAX}`);
    return await kept(reply, async () => {
      const made = await attestor.createToken({ workload, ttlMs, uses });
      if (typeof made === "string") return await reply.code(404).send({ error: made });
      return await secret(reply).code(201).send(made);
    });
  });
  app.post("/api/tokens/revoke", { onRequest }, async (request, reply) => {
    const { id } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof id !== "string" || !/^[0-9a-f]{4,64}$/.test(id)) return await wrong(reply, "id is as the list shows it");
    return await kept(reply, async () => {
      const gone = await attestor.revokeToken(id);
      return typeof gone === "string" ? await reply.code(404).send({ error: gone }) : await reply.send(gone);
    });
  });
  app.post("/api/identity/rotate", { onRequest }, async (request, reply) => {
    const { workload } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    if (workload !== undefined && !isName(workload)) return await wrong(reply, "workload is NAMESPACE/NAME");
    const told = attestor.rotate(workload);
    return typeof told === "string" ? await reply.code(404).send({ error: told }) : await reply.send({ proxies: told });
  });
}

function isName(value: unknown): value is string {
  return typeof value === "string" && value.length <= NAME_LENGTH_MAX && /^[^/]+\/[^/]+$/.test(value);
}

function isWhole(value: unknown, least: number, most: number): value is number {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

async function wrong(reply: FastifyReply, error: string): Promise<FastifyReply> {
  return await reply.code(400).send({ error });
}

async function kept(reply: FastifyReply, work: () => Promise<FastifyReply>): Promise<FastifyReply> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return await reply.code(503).send({ error: `it cannot be kept, and so nothing is changed: ${error.message}` });
  }
}

function secret(reply: FastifyReply): FastifyReply {
  return reply.header("cache-control", "no-store");
}
