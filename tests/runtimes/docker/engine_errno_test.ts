import { assertEquals } from "@std/assert";
import { errorCodeOf } from "../../../src/runtimes/docker/engine_errno.ts";

Deno.test("errorCodeOf() reads the complaints of shells, coreutils and busybox", () => {
  const cases: [complaint: string, code: string | undefined][] = [
    ["stat: cannot statx '/workspace/x': No such file or directory\n", "ENOENT"],
    ["stat: can't stat '/workspace/a: b': Not a directory", "ENOTDIR"],
    ["sh: 61: cannot create /workspace/x: Directory nonexistent\n", "ENOENT"],
    ["sh: can't create /workspace/x: Permission denied\n", "EACCES"],
    ["mv: cannot move 'a' to a subdirectory of itself, 'a/b'\n", "EINVAL"],
    ["head: error writing 'standard output': No space left on device\n", "ENOSPC"],
    ["/proc/self/fd/7: line 9:  12 File size limit exceeded(core dumped) head -c 1\n", "EFBIG"],
    ["File size limit exceeded\n", "EFBIG"],
    ["readlink: x: Symbolic link loop", "ELOOP"],
    ["x: Filename too long\nrm: a note\n", "ENAMETOOLONG"],
    ["Permission denied: of another kind\n", undefined],
    ["", undefined],
  ];
  for (const [complaint, code] of cases) assertEquals(errorCodeOf(complaint), code, complaint);
});
