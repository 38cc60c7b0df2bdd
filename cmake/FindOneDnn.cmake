# SPDX-License-Identifier: Apache-2.0
# oneDNN's header and library, as the target OneDnn::OneDnn: Debian's own package config demands OpenCL's development
# files, which the CPU engine does not need.
find_path(ONEDNN_INCLUDE_DIR oneapi/dnnl/dnnl.hpp)
find_library(ONEDNN_LIBRARY dnnl)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(OneDnn REQUIRED_VARS ONEDNN_LIBRARY ONEDNN_INCLUDE_DIR)
if(OneDnn_FOUND AND NOT TARGET OneDnn::OneDnn)
    add_library(OneDnn::OneDnn INTERFACE IMPORTED)
    target_include_directories(OneDnn::OneDnn SYSTEM INTERFACE ${ONEDNN_INCLUDE_DIR})
    target_link_libraries(OneDnn::OneDnn INTERFACE ${ONEDNN_LIBRARY})
endif()
