/** An operator's word on the release under way, over HTTP: with the token. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Word } from "../../distribution/intervene.ts";

type OnRequest = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

const WORDS: readonly Word[] = ["promote", "promote-fully", "abort"];

export function addReleases(
  app: FastifyInstance,
  intervene: (word: Word, revision: string | undefined) => string | undefined,
  onRequest: OnRequest,
): void {
  for (const word of WORDS) {
    app.post(`/api/release/${word}`, { onRequest }, async (request, reply) => {
      const { revision } = request.query as Readonly<Record<string, unknown>>;
      if (revision !== undefined && (typeof revision !== "string" || !/^[0-9a-f]{7,64}$/.test(revision)))
        return await reply.code(400).send({ error: "a revision is a commit's hash, or 7 of its digits or more" });
      const why = intervene(word, revision);
      if (why !== undefined) return await reply.code(409).send({ error: why });
      return await reply.code(202).send({ ok: true });
    });
  }
}
