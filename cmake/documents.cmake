# Manual pages and shell completions: a file *.in is filled in by the command itself, from the tables it runs on
# (`freehold generate fill TEMPLATE`); any other file is taken as it is.

set(FREEHOLD_DOCUMENTS_DIR ${CMAKE_BINARY_DIR}/documents)
set(document_outputs "")

function(freehold_documents source_dir)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/${source_dir}/*)
  set(outputs "")
  foreach(source ${sources})
    cmake_path(GET source FILENAME name)
    set(output ${FREEHOLD_DOCUMENTS_DIR}/${name})
    if(name MATCHES "\\.in$")
      if(NOT TARGET freehold_tool)
        continue()
      endif()
      string(REGEX REPLACE "\\.in$" "" output ${output})
      add_custom_command(OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${FREEHOLD_DOCUMENTS_DIR}
        COMMAND $<TARGET_FILE:freehold_tool> generate fill ${source} > ${output}.new
        COMMAND ${CMAKE_COMMAND} -E rename ${output}.new ${output}
        DEPENDS ${source} freehold_tool VERBATIM)
    else()
      add_custom_command(OUTPUT ${output} COMMAND ${CMAKE_COMMAND} -E copy ${source} ${output} DEPENDS ${source} VERBATIM)
    endif()
    list(APPEND outputs ${output})
  endforeach()
  set(document_outputs ${document_outputs} ${outputs} PARENT_SCOPE)
endfunction()

if(TARGET freehold_tool)
  freehold_documents(docs/man)
  freehold_documents(completion)
  add_custom_target(freehold_documents ALL DEPENDS ${document_outputs})
endif()
