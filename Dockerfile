# docker build -t oort . && docker run --rm -p 9000:9000 -v oort:/data oort

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish Gateway/Oort.Cli -c Release -p:RestoreLockedMode=true -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
LABEL org.opencontainers.image.title="Oort" \
      org.opencontainers.image.description="S3 gateway that encrypts objects and spreads them as erasure-coded shards" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /app /app

# Keys of EVM chains are worked with by this library; without it a slower one is used, whose time depends on the key.
RUN apt-get update && apt-get install -y --no-install-recommends libsecp256k1-1 && rm -rf /var/lib/apt/lists/*

# The image's unprivileged user; /data is its own, so that a new volume is, too.
RUN ln -s /app/oort /usr/local/bin/oort && install -d -o app -g app -m 0700 /data
USER app
VOLUME /data
EXPOSE 9000
STOPSIGNAL SIGTERM

HEALTHCHECK --interval=30s --timeout=5s --start-period=20s --retries=3 CMD ["oort", "health"]

ENTRYPOINT ["oort"]
CMD ["serve", "--listen", "0.0.0.0:9000", "--data", "/data"]
