// SPDX-License-Identifier: Apache-2.0
#include "engine/chains.h"

#include <exception>

#include "engine/context.h"
#include "engine/error.h"

namespace unmask {
namespace {

thread_local int chain_now = -1;

}  // namespace

Chains::Chains(Device device, int count) : device_(device) {
    UNMASK_ASSERT(chain_now == -1 && count > 0);
    context_of(device)->fork(count);
    use(0);
}

Chains::~Chains() {
    chain_now = -1;
    try {
        context_of(device_)->join();
    } catch (const std::exception&) {
        // The device is lost: whatever is asked of it next says so.
    }
}

void Chains::use(int chain) {
    context_of(device_)->use_chain(chain);
    chain_now = chain;
}

int current_chain() {
    return chain_now;
}

}  // namespace unmask
