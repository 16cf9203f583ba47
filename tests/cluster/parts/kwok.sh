# KWOK: 40 nodes, `kwok-0` and so on, whose pods are objects and no processes; see supervise.sh. They have the annotation
# kwok.x-k8s.io/node=fake and a taint of the same name, which pods that are to run there tolerate; each takes 250 pods.
# shellcheck shell=bash

needs_kwok() {
  [ -x "$(program kwok)" ] || { echo "no kwok: tests/cluster/build.sh kwok"; return 1; }
}

make_fake_nodes() {
  local i
  for i in {0..39}; do
    cat >state/kwok-node.json <<END
{"apiVersion": "v1", "kind": "Node",
 "metadata": {"name": "kwok-$i", "annotations": {"kwok.x-k8s.io/node": "fake"},
              "labels": {"kubernetes.io/hostname": "kwok-$i", "kubernetes.io/os": "linux", "type": "kwok"}},
 "spec": {"taints": [{"key": "kwok.x-k8s.io/node", "value": "fake", "effect": "NoSchedule"}]},
 "status": {"allocatable": {"cpu": "64", "memory": "256Gi", "pods": "250"},
            "capacity": {"cpu": "64", "memory": "256Gi", "pods": "250"}}}
END
    api /api/v1/nodes -H 'Content-Type: application/json' --data-binary @state/kwok-node.json >>logs/kwok-nodes 2>&1 ||
      give_up "kwok-$i is refused" kwok-nodes
  done
}

fake_nodes_are_ready() {
  [ "$(api '/api/v1/nodes?labelSelector=type%3Dkwok' | tr -d ' \n' | grep -o '"type":"Ready","status":"True"' | wc -l)" -eq 40 ]
}

start_kwok() {
  local stage stages=()
  for stage in "$(module_cache kwok)"/stages/{node/fast,node/heartbeat-with-lease,pod/fast}/*.yaml; do
    case $stage in */kustomization.yaml) ;; *) stages+=(--config "$stage") ;; esac
  done
  make_fake_nodes
  run kwok "$(program kwok)" --kubeconfig kubeconfig --manage-all-nodes=false \
    --manage-nodes-with-annotation-selector kwok.x-k8s.io/node=fake --node-lease-duration-seconds 40 "${stages[@]}"
  await kwok 60 fake_nodes_are_ready
}
