/** What operators do with sources, over HTTP: with the token. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { StoreError } from "../../store/store.ts";
import type { Done, SourceOperator } from "../sources/operate.ts";

type OnRequest = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export function addSources(app: FastifyInstance, operator: SourceOperator, onRequest: OnRequest): void {
  const answer = async (reply: FastifyReply, done: Done | Promise<Done>) => {
    try {
      const found = await done;
      if ("error" in found) return await reply.code(found.status).send({ error: found.error });
      return await reply.code(202).send(found);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return await reply.code(503).send({ error: `it cannot be kept: ${error.message}` });
    }
  };
  const actions: Readonly<Record<string, (name: string) => Done | Promise<Done>>> = {
    reconcile: (name) => operator.reconcile(name),
    suspend: (name) => operator.suspend(name, true),
    resume: (name) => operator.suspend(name, false),
  };
  for (const [action, act] of Object.entries(actions)) {
    app.post<{ Params: { name: string } }>(`/api/sources/:name/${action}`, { onRequest }, async (request, reply) => {
      return await answer(reply, act(request.params.name));
    });
  }
  app.post<{ Params: { revision: string } }>("/api/rollback/:revision", { onRequest }, async (request, reply) => {
    const { revision } = request.params;
    if (revision === "lift") return await answer(reply, operator.lift());
    if (!/^[0-9a-f]{7,64}$/.test(revision))
      return await reply.code(400).send({ error: "a revision is a commit's hash, or 7 of its digits or more" });
    return await answer(reply, operator.rollback(revision));
  });
}
