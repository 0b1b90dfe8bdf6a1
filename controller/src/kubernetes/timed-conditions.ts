/** Conditions with the time since when each has its status: one keeps its time while its status does. */

type Said = { readonly type: string; readonly status: string; readonly message: string };

/** As the API server bounds it. */
const MESSAGE_LENGTH_MAX = 32_768;

export function timed<C extends Said>(
  conditions: readonly C[],
  before: readonly unknown[],
  nowIso: string,
): readonly (C & { readonly lastTransitionTime: string })[] {
  const known = before as readonly (Said & { readonly lastTransitionTime: string })[];
  return conditions.map((said) => {
    const same = known.find(({ type, status }) => type === said.type && status === said.status);
    const message = said.message.slice(0, MESSAGE_LENGTH_MAX);
    return { ...said, message, lastTransitionTime: same?.lastTransitionTime ?? nowIso };
  });
}
