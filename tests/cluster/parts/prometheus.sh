# Prometheus at 127.0.0.1:9090, which looks at its targets each second; see supervise.sh. Envoy is one of them. Others are
# files DIR/targets/*.json in the form of `file_sd`, read again when they change: Debian's Prometheus can't ask Kubernetes.
# shellcheck shell=bash

needs_prometheus() {
  command -v prometheus >/dev/null || { echo "no prometheus: .ci/install.sh cluster"; return 1; }
}

start_prometheus() {
  mkdir -p targets
  cat >state/prometheus.yaml <<END
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- {job_name: gateway, metrics_path: /stats/prometheus, static_configs: [{targets: ["127.0.0.1:8002"]}]}
- {job_name: pods, file_sd_configs: [{files: ["$PWD/targets/*.json"]}]}
END
  run prometheus prometheus --config.file state/prometheus.yaml --storage.tsdb.path state/prometheus \
    --web.listen-address 127.0.0.1:9090 --log.level warn
  await prometheus 30 curl -sSf http://127.0.0.1:9090/-/ready
}
