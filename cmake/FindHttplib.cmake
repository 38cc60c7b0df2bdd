# SPDX-License-Identifier: Apache-2.0
# cpp-httplib (Debian: libcpp-httplib-dev), as the target Httplib::Httplib, by pkg-config: the library's definitions decide
# on the layout of its classes. 0.11 alone: apps/serve/http_server.h replaces a member that later versions declare otherwise.
find_package(PkgConfig QUIET)
if(PkgConfig_FOUND)
    pkg_check_modules(CPP_HTTPLIB QUIET IMPORTED_TARGET cpp-httplib>=0.11 cpp-httplib<0.12)
endif()
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Httplib REQUIRED_VARS CPP_HTTPLIB_FOUND)
if(Httplib_FOUND AND NOT TARGET Httplib::Httplib)
    add_library(Httplib::Httplib INTERFACE IMPORTED)
    target_link_libraries(Httplib::Httplib INTERFACE PkgConfig::CPP_HTTPLIB)
endif()
