# The released package in an image. `npm pack` makes the file that is copied.
FROM node:24-slim AS install
COPY marian-tracking-*.tgz /tmp/marian-tracking.tgz
RUN npm install --global --prefix /opt/marian-tracking /tmp/marian-tracking.tgz

# Slim, not distroless: parse_tc_logs needs a shell, which passes a training's log on whatever becomes of Node.
FROM node:24-slim
COPY --from=install /opt/marian-tracking /opt/marian-tracking
ENV PATH=/opt/marian-tracking/bin:$PATH
# The user "node", as a number, which clusters can check.
USER 1000
WORKDIR /data
ENTRYPOINT ["marian-tracking"]
