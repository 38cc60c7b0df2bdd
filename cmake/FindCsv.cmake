# SPDX-License-Identifier: Apache-2.0
# libcsv (Debian: libcsv-dev), as the target Csv::Csv.
find_path(CSV_INCLUDE_DIR csv.h)
find_library(CSV_LIBRARY csv)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Csv REQUIRED_VARS CSV_LIBRARY CSV_INCLUDE_DIR)
if(Csv_FOUND AND NOT TARGET Csv::Csv)
    add_library(Csv::Csv INTERFACE IMPORTED)
    target_include_directories(Csv::Csv SYSTEM INTERFACE ${CSV_INCLUDE_DIR})
    target_link_libraries(Csv::Csv INTERFACE ${CSV_LIBRARY})
endif()
