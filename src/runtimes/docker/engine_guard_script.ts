/**
 * Shell functions that read what the kernel says of the container: how often its limits struck. They
 * start no process, as there may be none left to start.
 */
export const COUNT_FUNCTIONS = `
number() {
  n=0 key=$1
  shift
  for file do
    [ -r "$file" ] || continue
    while read -r word value; do
      [ "$word" = "$key" ] && n=$value
    done <"$file"
    return 0
  done
}
counts() {
  number oom_kill /sys/fs/cgroup/memory/memory.oom_control /sys/fs/cgroup/memory.events
  oom=$n
  number max /sys/fs/cgroup/pids/pids.events /sys/fs/cgroup/pids.events
  pids=$n
}
`;

/**
 * Waits for the word to end processes. It runs all the time and starts no process of its own, so it can do
 * so when no process can be started any more; and `kill -KILL -1`, which spares only itself and other
 * users' processes, is one step of the kernel that no fork escapes. One line asks, one line answers:
 *
 * - `end SIGNAL` for every process of this user, `end SIGNAL MARK` for those whose limit of resident
 *   memory is the mark; after KILL it waits until they are gone. Answer: `done LEFT OOM PIDS`.
 * - `process SIGNAL MARK PID` signals one process, if it has the mark; `group SIGNAL MARK PID SHELL` those with
 *   the mark that are in its group, without the shell around it, which is in it, too. Answer: the same.
 * - `count` does nothing. Answer: the same.
 * - `quit` ends it. The end of its input, when the server is gone, ends everything else too.
 */
export const GUARD_SCRIPT = `exec 2>/dev/null
trap '' HUP INT QUIT TERM PIPE ALRM USR1 USR2
${COUNT_FUNCTIONS}
look() {
  mode= owner=
  while read -r word value rest; do
    case $word in
      State:) mode=$value ;;
      Uid:) owner=$value; break ;;
    esac
  done <"$1/status"
}
marked() {
  while read -r one two three soft rest; do
    [ "$one $two $three" = 'Max resident set' ] || continue
    [ "$soft" = "$mark" ]
    return
  done <"$1/limits"
  return 1
}
sweep() {
  left=0
  for place in /proc/[0-9]*; do
    pid=\${place#/proc/}
    [ "$pid" = "$$" ] && continue
    look "$place"
    case $mode in ''|Z|X) continue ;; esac
    if [ -n "$mark" ]; then
      marked "$place" || continue
      kill -s "$signal" "$pid"
    else
      [ "$owner" = "$self" ] || continue
    fi
    left=$((left + 1))
  done
}
group_of() {
  group=
  while read -r word value rest; do
    [ "$word" = NSpgid: ] || continue
    group=$value
    return
  done <"$1/status"
}
one() {
  marked "/proc/$pid" && kill "-$signal" "$pid"
}
all() {
  group_of "/proc/$pid"
  wanted=$group
  [ -n "$wanted" ] || { one; return; }
  for place in /proc/[0-9]*; do
    [ "$place" = "/proc/$shell" ] && continue
    marked "$place" || continue
    group_of "$place"
    [ "$group" = "$wanted" ] && kill "-$signal" "\${place#/proc/}"
  done
}
end() {
  rounds=0
  while :; do
    [ -z "$mark" ] && kill -s "$signal" -- -1
    sweep
    [ "$left" = 0 ] && return
    [ "$signal" = KILL ] || return
    rounds=$((rounds + 1))
    [ "$rounds" = 300 ] && return
  done
}
look "/proc/$$"
self=$owner
counts
echo "done 0 $oom $pids"
while read -r order signal mark pid shell; do
  left=0
  case $order in
    quit) exit 0 ;;
    end) end ;;
    process) one ;;
    group) all ;;
  esac
  counts
  echo "done $left $oom $pids"
done
kill -s KILL -- -1
`;
