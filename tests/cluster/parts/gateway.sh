# Contour with Envoy as a Gateway of the Gateway API; see supervise.sh. The Gateway is `gateway` in the namespace `gateway`;
# it serves HTTP for routes of all namespaces, on port 80 as the API says it, on 192.168.77.1:8080 in fact. Envoy's own
# statistics are at 127.0.0.1:8002/stats/prometheus.
# shellcheck shell=bash

needs_gateway() {
  local name
  for name in contour envoy; do
    [ -x "$(program "$name")" ] || { echo "no $name: tests/cluster/build.sh gateway"; return 1; }
  done
}

# apply PATH FILE: one object, server-side.
apply() {
  api "$1?fieldManager=tests&force=true" --max-time 30 -X PATCH -H 'Content-Type: application/apply-patch+yaml' --data-binary "@$2"
}

# apply_definitions FILE: each CustomResourceDefinition of it.
apply_definitions() {
  local file
  csplit --quiet --elide-empty-files --prefix state/definition- "$1" '/^---$/' '{*}'
  for file in state/definition-*; do
    ! grep -q '^kind: CustomResourceDefinition' "$file" ||
      apply "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/$(sed -n 's/^  name: //p' "$file" | head -n 1)" "$file" ||
      return 1
    rm "$file"
  done
}

make_gateway() {
  echo '{apiVersion: v1, kind: Namespace, metadata: {name: gateway}}' >state/namespace.yaml
  cat >state/class.yaml <<END
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: contour}
spec: {controllerName: projectcontour.io/gateway-controller}
END
  cat >state/gateway.yaml <<END
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: gateway, namespace: gateway}
spec:
  gatewayClassName: contour
  listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]
END
  apply /api/v1/namespaces/gateway state/namespace.yaml &&
    apply /apis/gateway.networking.k8s.io/v1/gatewayclasses/contour state/class.yaml &&
    apply /apis/gateway.networking.k8s.io/v1/namespaces/gateway/gateways/gateway state/gateway.yaml
}

definitions_are_served() {
  api /apis/gateway.networking.k8s.io/v1/httproutes && api /apis/projectcontour.io/v1/httpproxies &&
    api /apis/projectcontour.io/v1alpha1/extensionservices
}

gateway_is_programmed() {
  api /apis/gateway.networking.k8s.io/v1/namespaces/gateway/gateways/gateway | tr -d ' \n' |
    grep -q '"status":"True","type":"Programmed"'
}

start_gateway() {
  local files file feature features=()
  files=$(module_cache contour)
  for file in "$files"/gateway-crds/*.yaml "$files/contour-crds.yaml"; do
    apply_definitions "$file" >>logs/definitions 2>&1 || give_up "$file is refused" definitions
  done
  await kube-apiserver 30 definitions_are_served
  make_gateway >>logs/definitions 2>&1 || give_up "the Gateway is refused" definitions

  echo '{gateway: {gatewayRef: {namespace: gateway, name: gateway}}}' >state/contour.yaml
  for feature in tlsroutes tcproutes grpcroutes backendtlspolicies; do features+=("--disable-feature=$feature"); done
  run contour "$(program contour)" serve --config-path state/contour.yaml --kubeconfig kubeconfig --insecure \
    --xds-address 127.0.0.1 --xds-port 8001 --disable-leader-election --envoy-service-http-address 0.0.0.0 \
    --ingress-status-address 192.168.77.1 --stats-address 127.0.0.1 \
    --kubernetes-client-qps 200 --kubernetes-client-burst 400 "${features[@]}"
  await contour 30 gateway_is_programmed
  "$(program contour)" bootstrap --xds-address 127.0.0.1 --xds-port 8001 --admin-address state/envoy-admin \
    --resources-dir state/envoy state/envoy.json >logs/envoy-bootstrap 2>&1
  run envoy "$(program envoy)" --config-path state/envoy.json --disable-hot-restart --log-level warn \
    --service-cluster gateway --service-node gateway
  await envoy 30 curl -sSf http://127.0.0.1:8002/ready
}
