/** Where the controller will be found, taken before a commit is read. */
import type { TokenWish } from "./ca/attestor.ts";
import { serveUnix } from "./ca/unix-attestor.ts";
import { ControllerFailed } from "./controller-failed.ts";
import type { ControllerOptions } from "./controller-options.ts";
import type { Closers, Core } from "./core.ts";
import { type HeldAddress, holdAddress } from "./held-address.ts";

/** Of what is served once something is in force, the addresses. */
export async function holdPlaces(
  { http, grpc, kubernetes }: ControllerOptions,
  closers: Closers,
): Promise<{ readonly http: HeldAddress; readonly grpc: HeldAddress }> {
  const hold = async (address: string, flag: string) => {
    const held = await holdAddress(address, flag);
    closers.push(() => held.release());
    return held;
  };
  const places = { http: await hold(http, "--http"), grpc: await hold(grpc, "--grpc") };
  // By whether anything listens there a cluster knows that the controller is ready: it is only tried.
  if (kubernetes?.admission !== undefined)
    await (await holdAddress(kubernetes.admission.address, "--admission")).release();
  return places;
}

/** Proxies of this host join there. Throws ControllerFailed where it cannot be made. */
export async function openJoinSocket(
  late: Core["late"],
  { joinSocket, log }: ControllerOptions,
  closers: Closers,
): Promise<void> {
  if (joinSocket === undefined) return;
  const createToken = async (wish: TokenWish) =>
    (await late.attestor?.createToken(wish)) ?? "the mesh has no revision in force yet";
  closers.push(
    await serveUnix({ ...joinSocket, attestor: { createToken }, log }).catch((error: Error) => {
      throw new ControllerFailed(error.message);
    }),
  );
}
