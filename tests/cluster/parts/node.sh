# A node of this machine's: containerd, kubelet, kube-proxy, a bridge for pods; see supervise.sh.
# shellcheck shell=bash

needs_node() {
  local name
  for name in kubelet kube-proxy shop; do
    [ -x "$(program "$name")" ] || { echo "no $name: tests/cluster/build.sh node"; return 1; }
  done
  for name in containerd ctr runc nft iptables conntrack ip /usr/lib/cni/bridge; do
    command -v "$name" >/dev/null || { echo "no $name: .ci/install.sh cluster"; return 1; }
  done
  [ -d /sys/fs/cgroup/cpuset ] || grep -qw cpuset /sys/fs/cgroup/cgroup.controllers 2>/dev/null ||
    { echo "no control groups"; return 1; }
}

# A control group for all pods, made beforehand in every hierarchy: the kubelet and runc want to find it.
make_cgroup() {
  local name=$1 hierarchy
  echo "$name" >cgroup
  if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
    sed 's/[^ ]*/+&/g' /sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
    mkdir "/sys/fs/cgroup/$name"
    return
  fi
  for hierarchy in /sys/fs/cgroup/*/; do
    [ ! -L "${hierarchy%/}" ] || continue # cpuacct -> cpu,cpuacct
    mkdir "$hierarchy$name"
    [ ! -e "$hierarchy$name/cpuset.cpus" ] || cp --no-preserve=all "$hierarchy"cpuset.{cpus,mems} "$hierarchy$name/"
  done
}

# The kubelet sets some of the kernel's settings, which are all of the machine's: it is shown files in their place.
shield_settings() {
  local setting
  mkdir state/settings
  for setting in vm/overcommit_memory=1 vm/panic_on_oom=0 kernel/panic=10 kernel/panic_on_oops=1 \
                 kernel/keys/root_maxkeys=1000000 kernel/keys/root_maxbytes=25000000; do
    echo "${setting#*=}" >"state/settings/${setting//[\/=]/-}"
    mount --bind "state/settings/${setting//[\/=]/-}" "/proc/sys/${setting%=*}"
  done
}

# All that containerd and the kubelet keep is gone with the mounts.
mount_folders() {
  local folder
  for folder in /run /var/lib/containerd /var/lib/kubelet /var/lib/cni /var/log/pods; do
    mkdir -p "$folder"
    mount -t tmpfs -o mode=755 node "$folder"
  done
  mount --make-rshared /
}

configure_network() {
  echo node >/proc/sys/kernel/hostname
  echo 1 >/proc/sys/net/ipv4/ip_forward
  ip address add 192.168.77.1/32 dev lo
  ip route add 10.96.0.0/16 dev lo # of Services: what the node itself sends there is to be seen by kube-proxy's rules
  mkdir state/cni
  cat >state/cni/pods.conflist <<END
{"cniVersion": "1.0.0", "name": "pods", "plugins": [{
  "type": "bridge", "bridge": "pods", "isGateway": true, "hairpinMode": true,
  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.244.0.0/16"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}
END
}

start_containerd() {
  local cri=io.containerd.grpc.v1.cri
  # Where CAP_SYS_RESOURCE is missing runc can't make anything less likely to be killed than itself.
  cat >state/containerd.toml <<END
version = 2
[plugins."$cri"]
sandbox_image = "sluice.test/pause:1"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
tolerate_missing_hugetlb_controller = true
[plugins."$cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$PWD/state/cni"
[plugins."$cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
END
  # A container's root has the mode that its folder here got, and pods of a user without rights have to get in.
  run containerd sh -c 'umask 022 && exec containerd --config state/containerd.toml'
  await containerd 30 ctr version
  ctr --namespace k8s.io images import "$(module_cache image)/images.tar" >logs/images 2>&1
}

start_kubelet() {
  cat >state/kubelet.yaml <<END
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
address: 0.0.0.0
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: "$PWD/ca.crt"}}
tlsCertFile: "$PWD/server.crt"
tlsPrivateKeyFile: "$PWD/server.key"
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
cgroupDriver: cgroupfs
cgroupRoot: /$(<cgroup)
failCgroupV1: false
failSwapOn: false
makeIPTablesUtilChains: false
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
resolvConf: "$PWD/state/resolv.conf"
clusterDNS: [10.96.0.10]
volumePluginDir: /var/lib/kubelet/plugins
maxPods: 250
kubeAPIQPS: 200
kubeAPIBurst: 400
eventRecordQPS: 200
eventBurst: 400
END
  : >state/resolv.conf
  run kubelet "$(program kubelet)" --config state/kubelet.yaml --kubeconfig state/node.kubeconfig \
    --hostname-override node --node-ip 192.168.77.1
}

# masqueradeAll: an answer from one pod to another would go over the bridge past the rules that have to translate it.
start_kube_proxy() {
  cat >state/kube-proxy.yaml <<END
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
clientConnection: {kubeconfig: "$PWD/state/kube-proxy.kubeconfig"}
hostnameOverride: node
mode: nftables
clusterCIDR: 10.244.0.0/16
nftables: {masqueradeAll: true, minSyncPeriod: 50ms}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
END
  run kube-proxy "$(program kube-proxy)" --config state/kube-proxy.yaml
}

node_is_ready() {
  api /api/v1/nodes/node | tr -d ' \n' | grep -q '"type":"Ready","status":"True"'
}

start_node() {
  make_cgroup "sluice-$(tr -d - </proc/sys/kernel/random/uuid)"
  shield_settings
  mount_folders
  configure_network
  start_containerd
  start_kubelet
  start_kube_proxy
  await kube-proxy 30 curl -sSf http://127.0.0.1:10256/livez
  await kubelet 60 node_is_ready
}
