# SPDX-License-Identifier: Apache-2.0
# cuDNN 9, beside the CUDA toolkit or in the system's folders: the target Cudnn::Cudnn.
find_path(CUDNN_INCLUDE_DIR cudnn_graph.h HINTS ${CUDAToolkit_INCLUDE_DIRS})
find_library(CUDNN_LIBRARY cudnn HINTS ${CUDAToolkit_LIBRARY_DIR} ${CUDAToolkit_LIBRARY_ROOT}/lib)

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Cudnn REQUIRED_VARS CUDNN_LIBRARY CUDNN_INCLUDE_DIR)
if(Cudnn_FOUND AND NOT TARGET Cudnn::Cudnn)
    add_library(Cudnn::Cudnn UNKNOWN IMPORTED)
    set_target_properties(Cudnn::Cudnn PROPERTIES
        IMPORTED_LOCATION ${CUDNN_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${CUDNN_INCLUDE_DIR})
endif()
mark_as_advanced(CUDNN_INCLUDE_DIR CUDNN_LIBRARY)
