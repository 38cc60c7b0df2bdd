// SPDX-License-Identifier: Apache-2.0
#include "data/synthetic/raster.h"

namespace unmask {

Surface Surface::reversed() const {
    Surface back(rows, columns);
    for (int row = 0; row < rows; ++row) {
        for (int column = 0; column < columns; ++column) {
            const size_t to = back.index(row, column), from = index(row, columns - 1 - column);
            back.position[to] = position[from];
            back.normal[to] = normal[from] * -1.0f;
            back.local[to] = local[from];
            back.absent[to] = absent[from];
        }
    }
    return back;
}

void Surface::compute_normals() {
    for (int row = 0; row < rows; ++row) {
        const int below = std::max(row - 1, 0), above = std::min(row + 1, rows - 1);
        for (int column = 0; column < columns; ++column) {
            const int left = std::max(column - 1, 0), right = std::min(column + 1, columns - 1);
            const Vec3 across = position[index(row, right)] - position[index(row, left)];
            const Vec3 up = position[index(above, column)] - position[index(below, column)];
            normal[index(row, column)] = normalized(cross(across, up));
        }
    }
}

}  // namespace unmask
