import { COUNT_FUNCTIONS } from "./engine_guard_script.ts";

/**
 * Runs the script that is its first argument. bash complains about signals only where it runs a file, so it
 * is given one.
 */
export const BOOT_SCRIPT = `if [ -n "$BASH_VERSION" ]; then
  exec 7<<END
$0
END
  exec /bin/sh /proc/self/fd/7 "$@"
fi
eval "$0"`;

/**
 * Runs one program as its child and reports on it in its standard output, where our words are told from
 * the program's by a token: `began` and `pid PROCESS SHELL` before the first byte of the program, then one of
 *
 * - `ended STATUS SIGNALED OOM PIDS CPU`,
 * - `unstarted REASON`,
 * - `failed`, if the shell gave up.
 *
 * The token is given in two halves, so that it does not stand in the arguments that `ps` shows. A program
 * that looks for it can pretend to have ended, and is then ended; it can lie about nobody but itself.
 *
 * A shell says of a signal only 128 plus its number, as of an exit with that code. But it complains about
 * the signal, except SIGINT and SIGPIPE: exit code 130 or 141 may have been one of these.
 *
 * What runs in the background is over only when nothing has its output open any more; until then the shell
 * looks at everything of its user from time to time, since the engine drops what is written after its end.
 *
 * Arguments: the token's halves, the mark in KiB, the directory, PATH of the program, its name, whether it
 * has input, whether it runs in the background; a count and the files to remove; the script's path (or nothing), a count and its pieces; then
 * the environment, the program and its arguments.
 */
export const PROGRAM_SCRIPT = `umask 022
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
one=$1 two=$2 mark=$3 directory=$4 places=$5 name=$6 input=$7 keep=$8
shift 8
removals=$1
shift
i=0
while [ "$i" -lt "$removals" ]; do
  eval "removal$i=\\$1"
  shift
  i=$((i + 1))
done
# A program may have made the streams that it shares with us non-blocking; this one is ours alone.
exec 3>&1
if true >/proc/self/fd/1; then exec 3>/proc/self/fd/1; fi 2>/dev/null
say() {
  printf '%s%s%s\\n' "$one" "$two" "$*" >&3
}
report() {
  i=0
  while [ "$i" -lt "$removals" ]; do
    eval "rm -rf -- \\"\\$removal$i\\""
    i=$((i + 1))
  done >/dev/null 2>&1
  trap - EXIT
  say "$@"
  exit 0
}
trap 'say failed' EXIT
trap : HUP INT QUIT TERM PIPE ALRM USR1 USR2
${COUNT_FUNCTIONS}
begin() {
  pid=
  { read -r pid rest </proc/self/stat; } 2>/dev/null
  say pid "$pid" "$$"
}
writes() {
  for place in /proc/[0-9]*; do
    [ "$place" = "/proc/$$" ] && continue
    for end in "$place"/fd/*; do
      if [ "$end" -ef "/proc/$$/fd/1" ] || [ "$end" -ef "/proc/$$/fd/6" ]; then return 0; fi
    done
  done
  return 1
}
linger() {
  while writes; do
    sleep 0.2 || sleep 1 || return
  done
} 2>/dev/null
try() {
  [ -e "$1" ] || return 1
  if [ -d "$1" ] || [ ! -x "$1" ]; then
    found=permission_denied
    return 1
  fi
  found=
  # Without its interpreter the kernel says of a script that it is not there.
  if [ "$(head -c 2 "$1" 2>/dev/null)" = '#!' ]; then
    IFS=' 	' read -r first rest <"$1"
    first=\${first#'#!'}
    [ -n "$first" ] || first=\${rest%%[ 	]*}
    [ -e "$first" ] || report unstarted interpreter
  fi
}
search() {
  found=program_not_found
  case $name in
    */*) try "$name"; return ;;
  esac
  rest=$places:
  while [ -n "$rest" ]; do
    place=\${rest%%:*}
    rest=\${rest#*:}
    try "\${place:-.}/$name" && return
  done
}
[ -e "$directory" ] || report unstarted directory_not_found
[ -d "$directory" ] || report unstarted not_a_directory
cd -P -- "$directory" 2>/dev/null || report unstarted directory_denied
search
[ -z "$found" ] || report unstarted "$found"
command -v env >/dev/null || report unstarted env
script=$1 pieces=$2
shift 2
if [ -n "$script" ]; then
  {
    while [ "$pieces" -gt 0 ]; do
      printf %s "$1" || report unstarted script
      shift
      pieces=$((pieces - 1))
    done
  } 2>/dev/null >"$script" || report unstarted script
fi
ulimit -m "$mark" 2>/dev/null
# A pipe of our own for what the shell complains about.
exec 4<<END
.
END
signaled=unknown
if true 5>/proc/self/fd/4; then
  signaled=no
  exec 5>/proc/self/fd/4
fi 2>/dev/null
[ "$signaled" = no ] || exec 5>/dev/null
read -r line <&4
exec 6>&2 2>&5
counts
oom0=$oom pids0=$pids
say began
if [ "$input" = yes ]; then
  (begin; exec 2>&6 3>&- 4<&- 5>&- 6>&- 7<&-; exec env -i "$@")
else
  (begin; exec </dev/null 2>&6 3>&- 4<&- 5>&- 6>&- 7<&-; exec env -i "$@")
fi
status=$?
[ "$keep" = yes ] && linger
counts
times >&5
echo . >&5
cpu=
while read -r line <&4; do
  case $line in
    .) break ;;
    [0-9]*m*s) cpu=$line ;;
    ?*) signaled=yes ;;
  esac
done
report ended "$status" "$signaled" "$((oom - oom0))" "$((pids - pids0))" "$cpu"
`;
