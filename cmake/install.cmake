# What `make install` puts where.

include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/freehold)

install(FILES include/freehold.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY include/freehold DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

if(TARGET freehold)
  install(TARGETS freehold LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(FILES ${CMAKE_BINARY_DIR}/lib/libfreehold.a DESTINATION ${CMAKE_INSTALL_LIBDIR})
  # The .pc files find the prefix from where they lie, so that an installed tree can be moved.
  file(RELATIVE_PATH pc_prefix ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
  foreach(name freehold freehold-static)
    configure_file(cmake/${name}.pc.in ${CMAKE_BINARY_DIR}/${name}.pc @ONLY)
    install(FILES ${CMAKE_BINARY_DIR}/${name}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
  endforeach()
  configure_package_config_file(cmake/freeholdConfig.cmake.in ${CMAKE_BINARY_DIR}/freeholdConfig.cmake
    INSTALL_DESTINATION ${package_dir} PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
  write_basic_package_version_file(${CMAKE_BINARY_DIR}/freeholdConfigVersion.cmake COMPATIBILITY SameMinorVersion)
  install(FILES ${CMAKE_BINARY_DIR}/freeholdConfig.cmake ${CMAKE_BINARY_DIR}/freeholdConfigVersion.cmake
    DESTINATION ${package_dir})
endif()

if(TARGET freehold_check)
  install(TARGETS freehold_check LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endif()

# The collector's interface has bdwgc's names: in folders of its own it replaces nothing that is installed already.
if(TARGET freehold_gc)
  install(TARGETS freehold_gc LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
  install(TARGETS freehold_libgc LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/freehold)
  install(FILES include/gc.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/freehold/gc)
  install(DIRECTORY include/gc DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/freehold/gc)
endif()

if(TARGET freehold_tool)
  install(TARGETS freehold_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  foreach(section 1 3 7)
    install(DIRECTORY ${FREEHOLD_DOCUMENTS_DIR}/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section}
      FILES_MATCHING PATTERN "*.${section}")
  endforeach()
  # completion/freehold.bash, _freehold, freehold.fish: named as each shell wants it.
  install(CODE "
    foreach(pair freehold.bash:bash-completion/completions/freehold _freehold:zsh/site-functions/_freehold
                 freehold.fish:fish/vendor_completions.d/freehold.fish)
      string(REPLACE \":\" \";\" pair \${pair})
      list(GET pair 0 source)
      list(GET pair 1 target)
      if(EXISTS ${FREEHOLD_DOCUMENTS_DIR}/\${source})
        cmake_path(GET target FILENAME name)
        cmake_path(GET target PARENT_PATH folder)
        file(INSTALL ${FREEHOLD_DOCUMENTS_DIR}/\${source}
          DESTINATION \${CMAKE_INSTALL_PREFIX}/${CMAKE_INSTALL_DATADIR}/\${folder} RENAME \${name})
      endif()
    endforeach()")
endif()
install(DIRECTORY share/schemas DESTINATION ${CMAKE_INSTALL_DATADIR}/freehold FILES_MATCHING PATTERN "*.json")
