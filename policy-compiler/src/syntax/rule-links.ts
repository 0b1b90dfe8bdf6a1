/** The chain again, of what became of its links: those that stay the same are not copied. */
export function toChain<Link extends { readonly else: Link | undefined }>(links: readonly Link[]): Link {
  let rest: Link | undefined;
  for (let i = links.length - 1; i >= 0; i--) {
    const link = links[i] as Link;
    rest = link.else === rest ? link : { ...link, else: rest };
  }
  return rest as Link;
}

/** The links of an `else` chain, the rule itself first. */
export function linksOf<Link extends { readonly else: Link | undefined }>(rule: Link): readonly Link[] {
  const links = [rule];
  for (let link = rule.else; link !== undefined; link = link.else) links.push(link);
  return links;
}
