#ifndef BASE_VERSION_H
#define BASE_VERSION_H

/** Revision of the sources in Git, as `git describe` says it at the build; NULL: not known. */
const char *version_git(void);

/** Version and, where known, revision: "0.1.0 (0123456789ab)". */
const char *version_text(void);

#endif
