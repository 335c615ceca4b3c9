# A node of the cluster: one static binary, built beforehand by `make image`, and nothing else. No image is pulled.
FROM scratch
COPY bin/image/raftd /raftd
# A volume that is new takes its owner from the folder that it covers.
COPY --chown=65532:65532 bin/image/data /data
USER 65532:65532
ENV RAFTD_DATA=/data RAFTD_LISTEN=0.0.0.0:7100
EXPOSE 7100
VOLUME /data
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s --retries=3 CMD ["/raftd", "health"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["/raftd"]
CMD ["serve"]
