# The sidecar, and the init container that leads a Pod's traffic through it. From the root of a checkout:
#   docker build -f deploy/container/proxy.Dockerfile -t regomesh-proxy .
# Run it read-only, with a volume for what it keeps:
#   docker run --read-only --tmpfs /tmp -v orders:/var/lib/regomesh regomesh-proxy proxy --workload orders …
FROM node:26-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN npm ci && npm run package -- --out /out && tar -xzf /out/regomesh-*.tgz -C /out

# 26 has node:ffi, by which a captured connection's destination is read.
FROM node:26-bookworm-slim
# `regomesh capture` writes its rules with nft. There is no git here, and no ssh: a sidecar reads no repository.
RUN apt-get update && apt-get install -y --no-install-recommends nftables \
  && rm -rf /var/lib/apt/lists/* \
  && groupadd --system --gid 15000 regomesh \
  && useradd --system --uid 15000 --gid 15000 --home-dir /var/lib/regomesh --create-home regomesh \
  && install -d -o regomesh -g regomesh -m 0700 /tokens
COPY --from=build /out/package /opt/regomesh
RUN ln -s /opt/regomesh/cli/bin/regomesh /usr/local/bin/regomesh
# In a Pod injection says another one, whose traffic passes the rules of capture.
USER 15000:15000
VOLUME /var/lib/regomesh
ENV NODE_COMPILE_CACHE=/tmp/regomesh-cache
ENTRYPOINT ["regomesh"]
CMD ["--help"]
