/** What `GET /api/resources` answers. Every time is milliseconds since the epoch, every rate requests a second. */

/** `GET /api/resources?kind=&namespace=&name=`, with the token: what the revision in force is made of. */
export type ResourcesBody = { readonly revision: string; readonly resources: readonly ResourceBody[] };

/** A resource as it is written in the source: what it does not say is the kind's default. */
export type ResourceBody = {
  readonly kind: string;
  /** "" of a kind that has none. */
  readonly namespace: string;
  readonly name: string;
  readonly file: string;
  readonly row: number;
  /** The whole document. */
  readonly document: unknown;
};
