# The registry as a small image: one binary beside a slim Debian, no root.
#
#   docker build -t avow .
#   docker run -p 127.0.0.1:8081:8081 -e AVOW_ALLOW_UNAUTHENTICATED=true -v avow:/data avow
#
# Without that variable it refuses to start, since it listens on every address.

FROM rust:1.95-slim-trixie AS build
RUN apt-get update && apt-get install --yes --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /avow
COPY . .
RUN cargo build --profile dist --locked --bin avow && mkdir /data

FROM debian:trixie-slim
COPY --from=build /avow/target/dist/avow /usr/local/bin/avow
# A named volume takes over this folder's owner, so that the registry may write to it.
COPY --from=build --chown=65532:65532 /data /data
ENV AVOW_LISTEN=0.0.0.0:8081 AVOW_DATABASE_URL=sqlite:///data/avow.db
VOLUME /data
EXPOSE 8081
USER 65532:65532
HEALTHCHECK --interval=10s --timeout=5s --start-period=5s CMD ["/usr/local/bin/avow", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/avow"]
CMD ["serve"]
