/** The links of an `else` chain, the rule itself first. */
export function linksOf<Link extends { readonly else: Link | undefined }>(rule: Link): readonly Link[] {
  const links = [rule];
  for (let link = rule.else; link !== undefined; link = link.else) links.push(link);
  return links;
}
