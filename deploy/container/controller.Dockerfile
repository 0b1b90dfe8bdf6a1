# The controller, and the command line beside it. From the root of a checkout:
#   docker build -f deploy/container/controller.Dockerfile -t regomesh-controller .
# Run it read-only, with a volume for what it keeps:
#   docker run --read-only --tmpfs /tmp -v regomesh:/var/lib/regomesh regomesh-controller controller --git /policies …
FROM node:26-bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN npm ci && npm run package -- --out /out && tar -xzf /out/regomesh-*.tgz -C /out

FROM node:26-bookworm-slim
# It reads repositories with git, by https and ssh.
RUN apt-get update && apt-get install -y --no-install-recommends git ca-certificates openssh-client \
  && rm -rf /var/lib/apt/lists/* \
  && groupadd --system --gid 15000 regomesh \
  && useradd --system --uid 15000 --gid 15000 --home-dir /var/lib/regomesh --create-home regomesh \
  && install -d -o regomesh -g regomesh -m 0700 /tokens
COPY --from=build /out/package /opt/regomesh
RUN ln -s /opt/regomesh/cli/bin/regomesh /usr/local/bin/regomesh
USER 15000:15000
VOLUME /var/lib/regomesh
# Node keeps compiled code there while the container lasts. Nothing else is written outside the state folder, but the
# files that flags name; /tokens is a place for those of --join-token.
ENV NODE_COMPILE_CACHE=/tmp/regomesh-cache
ENTRYPOINT ["regomesh"]
CMD ["--help"]
