# Certificates, tokens and kubeconfigs of a cluster; sourced by start.sh.
#
#   make_credentials DIRECTORY URL
# shellcheck shell=bash

# Names that the API server and the kubelet are called by; the addresses are those of 127.0.0.1, the Service `kubernetes`
# and the node.
server_names=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:node
server_names+=,IP:127.0.0.1,IP:10.96.0.1,IP:192.168.77.1

make_key() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$1"
}

# make_certificate NAME SUBJECT EXTENSION: NAME.key and NAME.crt by ca.key.
make_certificate() {
  make_key "$1.key"
  openssl req -new -key "$1.key" -subj "$2" |
    openssl x509 -req -days 30 -CA ca.crt -CAkey ca.key -CAcreateserial -extfile <(echo "$3") -out "$1.crt" 2>/dev/null
}

# make_kubeconfig FILE URL FIELD VALUE …: the fields are those of the user.
make_kubeconfig() {
  local file=$1 url=$2
  shift 2
  {
    cat <<END
apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: test}}]
clusters: [{name: test, cluster: {server: "$url", certificate-authority-data: $(base64 -w 0 ca.crt)}}]
users:
- name: test
  user:
END
    printf '    %s: %s\n' "$@"
  } >"$file"
}

make_credentials() (
  cd "$1" || exit 1
  echo "$2" >server
  make_key ca.key
  openssl req -x509 -new -key ca.key -subj /CN=test-ca -days 30 -out ca.crt
  make_certificate server /CN=kubernetes "subjectAltName=$server_names"
  make_certificate admin-by-certificate /O=system:masters/CN=admin-by-certificate extendedKeyUsage=clientAuth
  make_certificate front-proxy /CN=front-proxy extendedKeyUsage=clientAuth
  make_certificate kubelet-client /O=system:masters/CN=kube-apiserver extendedKeyUsage=clientAuth
  make_key service-accounts.key

  local user group token
  : >state/tokens.csv
  while read -r user group; do
    token=$(openssl rand -hex 16)
    echo "$token,$user,$user,\"$group\"" >>state/tokens.csv
    case $user in
      admin) echo "$token" >admin.token && make_kubeconfig kubeconfig "$2" token "$token" ;;
      system:*) make_kubeconfig "state/${user##*:}.kubeconfig" "$2" token "$token" ;;
      *) echo "$token" >"user-$user.token" ;;
    esac
  done <<END
admin system:masters
alice people
bob people
system:kube-controller-manager
system:kube-scheduler
system:node:node system:nodes
system:kube-proxy
system:metrics-server system:masters
END
  make_kubeconfig kubeconfig.cert "$2" client-certificate-data "$(base64 -w 0 admin-by-certificate.crt)" \
    client-key-data "$(base64 -w 0 admin-by-certificate.key)"
)
