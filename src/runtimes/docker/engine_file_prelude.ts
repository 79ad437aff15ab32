/**
 * What the scripts about files share. Each says in its last line of standard error how it went: `=SIDE ok`,
 * `=SIDE WORD …` for a refusal, or `=SIDE error` where the system's words stand in the lines before; the
 * side is the path at fault, the first or the second. The kernel decides what the sandbox's user may do;
 * a script looks before only where it would wait, or where programs say less than the system does.
 */
export const FILE_PRELUDE = `umask 022
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
side=1
say() {
  printf '\\n=%s %s\\n' "$side" "$*" >&2
  exit 0
}
absent() {
  stat $1 -c '' -- "$2" >/dev/null && say code EIO
  say error
}
follow() {
  hops=0
  while [ -L "$target" ]; do
    hops=$((hops + 1))
    [ "$hops" -le 40 ] || say code ELOOP
    next=$(readlink -n -- "$target" && echo .) || absent '' "$target"
    next=\${next%.}
    case $next in
      /*) target=$next ;;
      *) target=\${target%/*}/$next ;;
    esac
    while [ "\${target%/}" != "$target" ]; do target=\${target%/}; done
  done
}
parents() {
  parent=\${target%/*}/
  [ -d "$parent" ] || mkdir -p -- "$parent" || say parents
}
regular() {
  [ -d "$target" ] && say directory
  [ -f "$target" ] && return
  [ -e "$target" ] && say irregular
  absent -L "$target"
}
opened() {
  [ -f /proc/self/fd/3 ] || say irregular
  size=$(stat -L -c %s /proc/self/fd/3)
}
begin() {
  follow
  [ -d "$target/" ] && say directory
  parents
  mode=
  [ -f "$target" ] && [ ! -L "$target" ] && mode=$(stat -c %a -- "$target")
  case $mode in ????) mode=\${mode#?} ;; esac
  temporary=\${target%/*}/.codebeaker-$token
}
abandon() {
  rm -f -- "$temporary"
  say "$@"
}
commit() {
  [ "$(stat -c %s -- "$temporary")" = "$size" ] || abandon error
  [ -z "$mode" ] || chmod "$mode" "$temporary" || abandon error
  mv -f -- "$temporary" "$target" || abandon error
}
`;
