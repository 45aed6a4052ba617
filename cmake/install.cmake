# Headers under include/taper, and the package that find_package(taper CONFIG) reads.
if(NOT BUILD_SHARED_LIBS)
  message(STATUS "taper: static libraries are for this build alone; an installation has shared ones")
  return()
endif()
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/taper)
configure_package_config_file(cmake/taper-config.cmake.in taper-config.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(taper-config-version.cmake COMPATIBILITY SameMinorVersion)

install(FILES ${PROJECT_BINARY_DIR}/taper-config.cmake ${PROJECT_BINARY_DIR}/taper-config-version.cmake
        DESTINATION ${package_dir})
install(EXPORT taper NAMESPACE taper:: FILE taper-targets.cmake DESTINATION ${package_dir})
install(FILES taper.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/taper)
install(
  DIRECTORY autograd nn
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/taper
  FILES_MATCHING
  PATTERN "*.h"
  PATTERN "*.def")
