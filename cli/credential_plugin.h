// Runs the programs that a kubeconfig names for credentials: for people's commands, who chose the kubeconfig.
#pragma once

#include <functional>
#include <string>

#include "compiler/base/result.h"
#include "reconciler/kubernetes/exec_credential.h"

namespace sluice::cli {

// kubernetes::RunPlugin. Without a shell; the program has our environment beside its own, our standard error, and our
// standard input if it may ask and that is a terminal. It is waited for, as a login may take a while.
Result<std::string> RunCredentialPlugin(const kubernetes::ExecPlugin& plugin,
                                        const std::function<std::string(bool asks)>& info);

}  // namespace sluice::cli
