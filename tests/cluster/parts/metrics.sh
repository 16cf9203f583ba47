# metrics-server at 192.168.77.1:4443, which asks the kubelet every 10 s, and whom the API server asks for what is in
# metrics.k8s.io: autoscalers and `kubectl top` read it. It needs a node. See supervise.sh.
# shellcheck shell=bash

needs_metrics() {
  # shellcheck disable=SC2154 # of start.sh
  [[ " ${parts[*]} " == *' node '*'metrics '* ]] || { echo "it comes after a node"; return 1; }
  [ -x "$(program metrics-server)" ] || { echo "no metrics-server: tests/cluster/build.sh metrics"; return 1; }
}

# create PATH: the object that it reads.
create() {
  api "$1" -X POST -H 'Content-Type: application/yaml' --data-binary @- >>logs/metrics
}

# It runs in no pod: a Service without a selector leads to it.
register_metrics() {
  create /api/v1/namespaces/kube-system/services <<END
{apiVersion: v1, kind: Service, metadata: {name: metrics-server}, spec: {ports: [{port: 443, targetPort: 4443}]}}
END
  create /apis/discovery.k8s.io/v1/namespaces/kube-system/endpointslices <<END
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: metrics-server, labels: {kubernetes.io/service-name: metrics-server}}
addressType: IPv4
endpoints: [{addresses: [192.168.77.1], conditions: {ready: true}}]
ports: [{port: 4443, protocol: TCP}]
END
  create /apis/apiregistration.k8s.io/v1/apiservices <<END
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  insecureSkipTLSVerify: true
  service: {name: metrics-server, namespace: kube-system}
END
}

start_metrics() {
  run metrics-server "$(program metrics-server)" --secure-port 4443 --tls-cert-file server.crt \
    --tls-private-key-file server.key --kubeconfig state/metrics-server.kubeconfig \
    --authentication-kubeconfig state/metrics-server.kubeconfig \
    --authorization-kubeconfig state/metrics-server.kubeconfig --kubelet-certificate-authority ca.crt \
    --kubelet-preferred-address-types InternalIP --metric-resolution 10s --kubelet-request-timeout 5s
  await metrics-server 30 curl -sSf --cacert ca.crt https://127.0.0.1:4443/livez
  register_metrics
  await metrics-server 60 api /apis/metrics.k8s.io/v1beta1/nodes/node
}
