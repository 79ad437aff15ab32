import { MARK_VARIABLE } from "./command_line.ts";
import { runScript } from "./run_script.ts";

// All that is in the process namespace of bubblewrap's child gets the signal, whatever it made of its session,
// group, parents and environment. That child is process 1 in there, from which the kernel keeps it. What is
// suspended sees it when it goes on. Arguments: the variable with the mark, the process id of bubblewrap.
const TERMINATE = `
grep -qzx -- "$1" "/proc/$2/environ" 2>/dev/null || exit 1
first=; read -r first rest 2>/dev/null <"/proc/$2/task/$2/children"
[ -n "$first" ] || exit 1
[ "/proc/$first/ns/pid" -ef /proc/self/ns/pid ] && exit 1
for directory in /proc/[0-9]*; do
  [ "$directory/ns/pid" -ef "/proc/$first/ns/pid" ] && set -- "$@" "\${directory#/proc/}"
done
shift 2; [ $# -gt 0 ] || exit 1
kill -TERM "$@" 2>/dev/null; kill -CONT "$@" 2>/dev/null; true`;

/**
 * Tells everything in a sandbox to end.
 *
 * @param pid the process id of bubblewrap
 * @param mark its mark, by which it is known not to be another by now
 * @returns whether it was told: a sandbox that is not up yet, or gone, has nothing that could be
 */
export async function terminateSandbox(pid: number, mark: string): Promise<boolean> {
  const { success } = await runScript(TERMINATE, [`${MARK_VARIABLE}=${mark}`, `${pid}`]);
  return success;
}
