// SPDX-License-Identifier: Apache-2.0
#include "layers/pooling.h"

namespace unmask {

MaxPool2d::MaxPool2d(int kernel, int stride, int padding) {
    params_.kernel = {kernel, kernel};
    params_.stride = {stride, stride};
    params_.padding = {padding, padding};
}

Variable MaxPool2d::forward(const Variable& x) {
    return max_pool2d(x, params_);
}

Variable GlobalAveragePool::forward(const Variable& x) {
    return global_average_pool(x);
}

}  // namespace unmask
