// SPDX-License-Identifier: Apache-2.0
// In place of ops that only training runs, where libunmask is built small: inference folds batch norm into
// the filters and drops nothing out.
#include "engine/error.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/dropout.h"

namespace unmask {
namespace {

[[noreturn]] void absent(const char* op) {
    fail("{}: this build has inference alone", op);
}

}  // namespace

std::vector<Variable> batch_norm(const std::vector<Variable>&, const std::vector<BatchNormOperands>&,
                                 const BatchNormParams&, const std::vector<Variable>&,
                                 const std::vector<ChannelGate>&) {
    absent("batch_norm");
}

Variable batch_norm(const Variable&, const std::vector<BatchNormOperands>&, const BatchNormParams&,
                    const Variable&) {
    absent("batch_norm");
}

Variable batch_norm(const Variable&, const Variable&, const Variable&, Tensor, Tensor, const BatchNormParams&,
                    const Variable&) {
    absent("batch_norm");
}

Variable dropout(const Variable&, const DropoutParams&) {
    absent("dropout");
}

}  // namespace unmask
