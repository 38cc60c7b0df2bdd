# SPDX-License-Identifier: Apache-2.0
# libjpeg-turbo's own interface (Debian: libturbojpeg0-dev), as the target TurboJpeg::TurboJpeg.
find_path(TURBOJPEG_INCLUDE_DIR turbojpeg.h)
find_library(TURBOJPEG_LIBRARY turbojpeg)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TurboJpeg REQUIRED_VARS TURBOJPEG_LIBRARY TURBOJPEG_INCLUDE_DIR)
if(TurboJpeg_FOUND AND NOT TARGET TurboJpeg::TurboJpeg)
    add_library(TurboJpeg::TurboJpeg UNKNOWN IMPORTED)
    set_target_properties(TurboJpeg::TurboJpeg PROPERTIES
        IMPORTED_LOCATION ${TURBOJPEG_LIBRARY} INTERFACE_INCLUDE_DIRECTORIES ${TURBOJPEG_INCLUDE_DIR})
endif()
