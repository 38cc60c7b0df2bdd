// SPDX-License-Identifier: Apache-2.0
// The emulation itself: what a GPU computes, and planted bugs that it must catch.
#include "tests/simt/simt.h"

#include <gtest/gtest.h>
