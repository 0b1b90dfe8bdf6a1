/**
 * Ends calls whose caller says nothing: whoever has opened one holds a connection, and what is asked for in it is known
 * by its first message alone. Who has said something is bound by what its call is.
 */
import { ServerInterceptingCall, type ServerInterceptor, status } from "@grpc/grpc-js";

/** A first message is written with its call; what is between them is the way, and a machine that has no time to spare. */
export const FIRST_MESSAGE_MS = 30_000;

export function endSilent(withinMs: number): ServerInterceptor {
  return (_, call) =>
    new ServerInterceptingCall(call, {
      start: (next) => {
        const timer = setTimeout(
          () => call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: "nothing was said in the call" }),
          withinMs,
        );
        next({
          onReceiveMessage: (message, next) => {
            clearTimeout(timer);
            next(message);
          },
          onReceiveHalfClose: (next) => {
            clearTimeout(timer);
            next();
          },
          onCancel: () => clearTimeout(timer),
        });
      },
    });
}
