# The table of instructions for the checker, runtime/guard/instruction_form.h, generated with the help of Zydis. That
# library is not needed where the result runs. docs/design/check-decoder.md says why.
#
# Gives the target freehold_decoder_table: what compiles the decoder links it.

add_library(freehold_decoder_table INTERFACE)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64)$" AND NOT CMAKE_CROSSCOMPILING)
  find_path(ZYDIS_INCLUDE_DIRECTORY Zydis/Zydis.h)
  find_library(ZYDIS_LIBRARY Zydis)
  mark_as_advanced(ZYDIS_INCLUDE_DIRECTORY ZYDIS_LIBRARY)
  if(ZYDIS_INCLUDE_DIRECTORY AND ZYDIS_LIBRARY)
    set(directory ${CMAKE_BINARY_DIR}/generated)
    set(table ${directory}/instruction_table.inc)
    file(MAKE_DIRECTORY ${directory})
    add_executable(freehold_instruction_table ${CMAKE_SOURCE_DIR}/scripts/instruction_table.c)
    target_include_directories(freehold_instruction_table PRIVATE ${CMAKE_SOURCE_DIR})
    target_include_directories(freehold_instruction_table SYSTEM PRIVATE ${ZYDIS_INCLUDE_DIRECTORY})
    target_link_libraries(freehold_instruction_table PRIVATE freehold_warnings ${ZYDIS_LIBRARY})
    add_custom_command(OUTPUT ${table}
      COMMAND sh -c "\"$1\" > \"$2.new\" && mv \"$2.new\" \"$2\"" sh $<TARGET_FILE:freehold_instruction_table> ${table}
      DEPENDS freehold_instruction_table VERBATIM)
    add_custom_target(freehold_decoder_table_file DEPENDS ${table})
    add_dependencies(freehold_decoder_table freehold_decoder_table_file)
    target_include_directories(freehold_decoder_table INTERFACE ${directory})
    target_compile_definitions(freehold_decoder_table INTERFACE FH_INSTRUCTION_TABLE=1)
  else()
    message(WARNING "Zydis was not found (Debian: libzydis-dev): the checking library is built without a decoder of "
      "instructions. It then can't tell the size of an access that faults, and does not watch for reads of bytes that "
      "were never written.")
  endif()
endif()
