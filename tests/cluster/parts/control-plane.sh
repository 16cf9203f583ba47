# etcd and the Kubernetes control plane; see supervise.sh.
# shellcheck shell=bash

needs_control_plane() {
  local name
  for name in etcd kube-apiserver kube-controller-manager kube-scheduler; do
    [ -x "$(program "$name")" ] || { echo "no $name: tests/cluster/build.sh control-plane"; return 1; }
  done
  for name in openssl curl setpriv; do
    command -v "$name" >/dev/null || { echo "no $name: .ci/install.sh servers"; return 1; }
  done
}

start_control_plane() {
  # Its sockets are files in the present folder, called as below. Without fsync data is lost when the machine crashes,
  # not when the program is killed.
  run etcd "$(program etcd)" --data-dir state/etcd --unsafe-no-fsync --log-level warn \
    --listen-client-urls unix://etcd:1 --advertise-client-urls unix://etcd:1 \
    --listen-peer-urls unix://etcd:2 --initial-advertise-peer-urls unix://etcd:2 --initial-cluster default=unix://etcd:2

  local server address=127.0.0.1 endpoints=none audit=()
  server=$(<server)
  # Pods reach the Service `kubernetes` by the node's address.
  ! in_namespaces || address=0.0.0.0 endpoints=lease
  [ ! -e state/audit.yaml ] || audit=(--audit-policy-file state/audit.yaml --audit-log-path logs/audit)
  run kube-apiserver "$(program kube-apiserver)" --etcd-servers unix://etcd:1 \
    --bind-address "$address" --secure-port "${server##*:}" --advertise-address 192.168.77.1 \
    --endpoint-reconciler-type "$endpoints" --service-cluster-ip-range 10.96.0.0/16 \
    --tls-cert-file server.crt --tls-private-key-file server.key --client-ca-file ca.crt \
    --token-auth-file state/tokens.csv --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
    --service-account-issuer https://kubernetes.default.svc --service-account-key-file service-accounts.key \
    --service-account-signing-key-file service-accounts.key --allow-privileged \
    --kubelet-preferred-address-types InternalIP \
    --requestheader-client-ca-file ca.crt --requestheader-allowed-names front-proxy \
    --requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group \
    --requestheader-extra-headers-prefix X-Remote-Extra- --enable-aggregator-routing \
    --proxy-client-cert-file front-proxy.crt --proxy-client-key-file front-proxy.key \
    --kubelet-client-certificate kubelet-client.crt --kubelet-client-key kubelet-client.key "${audit[@]}"
  await kube-apiserver 60 api /readyz
  [ -z "$bare" ] || return 0

  local many=() kind
  for kind in deployment replicaset statefulset endpoint service-endpoint gc job horizontal-pod-autoscaler; do
    many+=("--concurrent-$kind-syncs=20")
  done
  run kube-controller-manager "$(program kube-controller-manager)" --kubeconfig state/kube-controller-manager.kubeconfig \
    --secure-port 0 --leader-elect=false --use-service-account-credentials --root-ca-file ca.crt \
    --service-account-private-key-file service-accounts.key --kube-api-qps 500 --kube-api-burst 1000 "${many[@]}"
  cat >state/scheduler.yaml <<END
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: "$PWD/state/kube-scheduler.kubeconfig", qps: 500, burst: 1000}
END
  run kube-scheduler "$(program kube-scheduler)" --config state/scheduler.yaml --secure-port 0
  # Without it no pod is let in.
  await kube-controller-manager 60 api /api/v1/namespaces/default/serviceaccounts/default
}
