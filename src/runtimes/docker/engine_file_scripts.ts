import { ENTRY_FORMAT, STAT_ENTRIES } from "./engine_entries.ts";
import { FILE_PRELUDE } from "./engine_file_prelude.ts";

/**
 * Replaces a file. Arguments: path, bytes that come, a token, and `replace` to put it in place of a symlink.
 * Says the mode of the file that was there, nothing if there was none.
 */
export const WRITE_SCRIPT = `${FILE_PRELUDE}
target=$1 size=$2 token=$3
[ "$4" != replace ] || [ ! -L "$target" ] || rm -f -- "$target" || say error
begin
if [ "$size" -gt 0 ]; then
  head -c "$size" >"$temporary" || abandon error
else
  true >"$temporary" || abandon error
fi
commit
say ok "$mode"
`;

/** Adds to a file. Arguments: path, bytes that come. */
export const APPEND_SCRIPT = `${FILE_PRELUDE}
target=$1 size=$2
follow
[ -d "$target/" ] && say directory
parents
[ -e "$target" ] && regular
{
  opened
  [ "$2" = 0 ] || head -c "$2" >&3 || say error
} 3>>"$target" || say error
say ok
`;

/** Reads a range. Arguments: path, first byte, number of bytes (or nothing), most bytes. Says its size first. */
export const READ_SCRIPT = `${FILE_PRELUDE}
target=$1
regular
{
  opened
  offset=$2
  [ "$offset" -le "$size" ] || offset=$size
  length=$((size - offset))
  [ -z "$3" ] || [ "$3" -ge "$length" ] || length=$3
  [ "$length" -le "$4" ] || say large "$length"
  # Moves in the open file, which "head" then reads on.
  [ "$offset" = 0 ] || dd bs=1 skip="$offset" count=0 <&3 2>/dev/null
  [ "$length" = 0 ] || head -c "$length" <&3 || say error
} 3<"$target" || say error
say ok "$size"
`;

/** Copies a file. Arguments: both paths, most bytes, a token. */
export const COPY_SCRIPT = `${FILE_PRELUDE}
target=$1 token=$4
regular
{
  opened
  [ "$size" -le "$3" ] || say large "$size"
  side=2 target=$2
  begin
  [ "$size" = 0 ] || head -c "$size" <&3 >"$temporary" || abandon error
  [ "$size" != 0 ] || true >"$temporary" || abandon error
  commit
  say ok "$size"
} 3<"$target" || say error
`;

/** Makes a directory. Argument: path. */
export const DIRECTORY_SCRIPT = `${FILE_PRELUDE}
target=$1
follow
[ -d "$target/" ] && say ok
[ -e "$target" ] && say overfile
mkdir -p -- "$target" || say parents
say ok
`;

/**
 * Renames. Arguments: both paths. Not every `mv` can be told that the destination is no directory to move
 * into, so what rename(2) does with one is done by hand.
 */
export const MOVE_SCRIPT = `${FILE_PRELUDE}
source=$1 target=$2
[ -e "$source" ] || [ -L "$source" ] || absent '' "$source"
side=2
parents
from=other to=other
[ -d "$source" ] && [ ! -L "$source" ] && from=directory
[ -d "$target" ] && [ ! -L "$target" ] && to=directory
case $target/ in "$source"/?*) say code EINVAL ;; esac
[ "$source" = "$target" ] && say ok
if [ "$to" = directory ]; then
  [ "$from" = directory ] || say code EISDIR
  rmdir -- "$target" || say error
elif [ "$from" = directory ] && { [ -e "$target" ] || [ -L "$target" ]; }; then
  say code ENOTDIR
elif [ -L "$target" ] && [ -d "$target" ]; then
  mv -f -T -- "$source" "$target" 2>/dev/null && say ok
  rm -f -- "$target" || say error
fi
mv -f -- "$source" "$target" || say error
say ok
`;

/** Removes. Arguments: path, whether with what is in it. */
export const REMOVE_SCRIPT = `${FILE_PRELUDE}
target=$1
[ -e "$target" ] || [ -L "$target" ] || absent '' "$target"
if [ ! -d "$target" ] || [ -L "$target" ]; then
  rm -f -- "$target" || say error
elif [ "$2" = no ]; then
  rmdir -- "$target" || say error
else
  # A directory that its owner may not write to is no reason to keep what is in it.
  rm -rf -- "$target" 2>/dev/null || { chmod -R u+rwx "$target"; rm -rf -- "$target"; } || say error
fi
say ok
`;

/** Sets permission bits. Arguments: path, octal digits. */
export const CHMOD_SCRIPT = `${FILE_PRELUDE}
chmod "$2" "$1" || say error
say ok
`;

/** Lists a directory on standard output, some hundred entries at a time. Argument: path. */
export const LIST_SCRIPT = `${FILE_PRELUDE}
target=$1
[ -d "$target" ] || { [ -e "$target" ] && say code ENOTDIR; absent -L "$target"; }
{ [ -r "$target" ] && [ -x "$target" ]; } || say code EACCES
cd -P -- "$target" || say error
set -- * .[!.]* ..?*
${STAT_ENTRIES}
say ok
`;

/** Tells what a path is, on standard output. Argument: path. */
export const INFO_SCRIPT = `${FILE_PRELUDE}
stat -c '${ENTRY_FORMAT}' -- "$1" || say error
say ok
`;

/** Makes a symlink in place of any file. Arguments: path, where it leads. */
export const LINK_SCRIPT = `${FILE_PRELUDE}
target=$1
[ -d "$target" ] && [ ! -L "$target" ] && say directory
parents
[ ! -L "$target" ] && [ ! -e "$target" ] || rm -f -- "$target" || say error
ln -s -- "$2" "$target" || say error
say ok
`;

/** Tells on standard output where symlinks lead, each with a zero byte behind it. Arguments: their paths. */
export const LINK_TARGETS_SCRIPT = `${FILE_PRELUDE}
for target do
  readlink -n -- "$target"
  printf '\\0'
done
say ok
`;

/** Sets permission bits and the time of what is no symlink. Arguments: path, octal digits or nothing, seconds or nothing. */
export const ADJUST_SCRIPT = `${FILE_PRELUDE}
[ ! -L "$1" ] || say code ELOOP
[ -z "$3" ] || touch -d "@$3" -- "$1" || say error
[ -z "$2" ] || chmod "$2" "$1" || say error
say ok
`;
