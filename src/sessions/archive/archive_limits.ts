/** The most entries of an archive. */
export const MAX_ARCHIVE_ENTRIES = 100_000;
/** The most directories above an entry. */
export const MAX_ARCHIVE_DEPTH = 100;
/** The longest name of an entry, in bytes. */
export const MAX_ARCHIVE_PATH_BYTES = 3072;
/** What the system takes as one name, in bytes. */
export const MAX_NAME_BYTES = 255;
