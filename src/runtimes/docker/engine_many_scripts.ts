import { ENTRY_FORMAT } from "./engine_entries.ts";
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
  have=0
  while [ "$#" -gt 0 ]; do
    n=$#
    [ "$n" -le 400 ] || n=400
    if [ "$n" != "$have" ]; then
      names= have=$n i=1
      while [ "$i" -le "$n" ]; do
        names="$names \\"\\\${$i}\\""
        i=$((i + 1))
      done
    fi
    # Patterns that nothing matched, and names that are gone, are complained about and left out.
    eval "stat -c '${ENTRY_FORMAT}' -- $names" 2>/dev/null
    shift "$n"
  done
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
