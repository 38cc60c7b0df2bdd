# SPDX-License-Identifier: Apache-2.0
# 64-bit ARM by Debian's cross compiler (g++-aarch64-linux-gnu); its programs run here by qemu-user.
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
find_program(UNMASK_QEMU qemu-aarch64)
if(UNMASK_QEMU)
    set(CMAKE_CROSSCOMPILING_EMULATOR ${UNMASK_QEMU} -L /usr/aarch64-linux-gnu)
endif()
# Libraries of this machine are not for that one; headers that depend on no machine are.
# Packages elsewhere: -DCMAKE_FIND_ROOT_PATH=PREFIX.
list(APPEND CMAKE_FIND_ROOT_PATH /usr/aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE BOTH)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
