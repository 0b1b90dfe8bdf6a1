/** Parts of node-forge by themselves, which its types know as properties of the whole. */
declare module "node-forge/lib/asn1.js" {
  import type forge from "node-forge";

  const asn1: typeof forge.asn1;
  export default asn1;
}
declare module "node-forge/lib/util.js" {
  import type forge from "node-forge";

  const util: typeof forge.util;
  export default util;
}
