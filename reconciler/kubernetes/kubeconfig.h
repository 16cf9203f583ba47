// Where the API server is, from a kubeconfig or from inside a pod.
#pragma once

#include <functional>
#include <string>

#include "compiler/base/result.h"
#include "reconciler/kubernetes/access.h"

namespace sluice::kubernetes {

// What `text`, read from `path`, says of `context`, or of its current context if that is "". Relative files are
// beside `path`. Only the entries that are used are looked at. An error names file, line, entry and field: fields
// that are not known, programs to run for credentials (`exec`, unless that is allowed, and `auth-provider`: they run
// code of whoever wrote the file), passwords and a certificate that nobody is to verify, unless `insecure` allows that.
// Fields: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
struct KubeconfigOptions {
  std::string context;
  bool insecure = false;
  bool exec = false;  // Connection::plugin is set instead
};
Result<Connection> ReadKubeconfig(const std::string& text, const std::string& path, const KubeconfigOptions& options);

// Of a file, or of the first of several that are divided by colons, as KUBECONFIG names them.
Result<Connection> LoadKubeconfig(const std::string& paths, const KubeconfigOptions& options);

// A pod's service account: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, and the files under
// /var/run/secrets/kubernetes.io/serviceaccount. `environment` gives a variable's value or "".
Result<Connection> InCluster(const std::function<std::string(const std::string&)>& environment, const ReadFile& read);

}  // namespace sluice::kubernetes
