# Writes OUT, which says from which Git revision of DIR the program is built; only when that has changed, so that
# nothing is compiled again for nothing. REVISION, when not empty, is taken instead of asking Git. An archive of the
# sources, also one inside another repository, has none.
set(text "NULL")
if(NOT REVISION AND EXISTS ${DIR}/.git)
  find_program(GIT git)
  if(GIT)
    execute_process(COMMAND ${GIT} --no-optional-locks -C ${DIR} describe --always --dirty --abbrev=12 --exclude=*
      OUTPUT_VARIABLE REVISION ERROR_QUIET OUTPUT_STRIP_TRAILING_WHITESPACE)
  endif()
endif()
if(REVISION MATCHES "^[0-9A-Za-z._+-]+$")
  set(text "\"${REVISION}\"")
endif()
set(code "#include \"base/version.h\"

#include <stddef.h>

#define GIT ${text}

const char *version_git(void)
{
	return GIT;
}
")
if(text STREQUAL "NULL")
  string(APPEND code "\nconst char *version_text(void)\n{\n\treturn BTTC_VERSION;\n}\n")
else()
  string(APPEND code "\nconst char *version_text(void)\n{\n\treturn BTTC_VERSION \" (\" GIT \")\";\n}\n")
endif()
if(EXISTS ${OUT})
  file(READ ${OUT} before)
endif()
if(NOT "${before}" STREQUAL "${code}")
  file(WRITE ${OUT} "${code}")
endif()
