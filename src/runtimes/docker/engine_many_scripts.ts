import { STAT_ENTRIES } from "./engine_entries.ts";
import { FILE_PRELUDE } from "./engine_file_prelude.ts";

/** Begins the entries of the next directory; no entry begins so. */
export const NEXT_DIRECTORY = "=";
/** Says that the directory could not be listed, or not with the others. */
export const NOT_LISTED = "!";
/** Entries that are listed in one go. */
export const MAX_LISTED = 50_000;

/**
 * Lists directories on standard output, one after the other. Arguments: their paths. Each begins with a
 * record of its own, since no entry's begins with a sign.
 */
export const LIST_MANY_SCRIPT = `${FILE_PRELUDE}
total=0
one() {
  cd -P -- "$1" 2>/dev/null || return 1
  { [ -r . ] && [ -x . ]; } || return 1
  set -- * .[!.]* ..?*
  total=$((total + $#))
  [ "$total" -le ${MAX_LISTED} ] || return 1
${STAT_ENTRIES}
}
for target do
  echo '/${NEXT_DIRECTORY}'
  one "$target" || echo '/${NOT_LISTED}'
done
say ok
`;

/**
 * Writes an archive of files to standard output. Arguments: most bytes, their paths without the first
 * slash. Says \`none\` where there is nothing that archives.
 */
export const READ_MANY_SCRIPT = `${FILE_PRELUDE}
command -v tar >/dev/null 2>&1 || say none
most=$1
shift
tar -C / -cf - "$@" 2>/dev/null | head -c "$most"
say ok
`;
