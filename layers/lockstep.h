// SPDX-License-Identifier: Apache-2.0
// Layers made of others whose forward is written once, for one or for several in lockstep.
#pragma once

#include <vector>

#include "layers/module.h"

namespace unmask {

class LockstepLayer : public Layer {
  public:
    [[nodiscard]] Variable forward(const Variable& x) final { return forward_lockstep({this}, {x}).front(); }
    [[nodiscard]] std::vector<Variable> forward_lockstep(const std::vector<Layer*>& peers,
                                                         const std::vector<Variable>& x) override = 0;
};

// select(peer), a pointer to one of its layers, for every peer; the peers are of the class Peer.
template <class Peer, class Base, class Select>
[[nodiscard]] auto parts_of(const std::vector<Base*>& peers, Select select) {
    std::vector<decltype(select(std::declval<Peer&>()))> parts;
    for (Base* peer : peers) parts.push_back(select(static_cast<Peer&>(*peer)));
    return parts;
}

}  // namespace unmask
