/** What the system's errors are called: by glibc, by musl, and by shells of their own accord. */
const CODES: Readonly<Record<string, string>> = {
  "No such file or directory": "ENOENT",
  "No such file": "ENOENT",
  "no such file": "ENOENT",
  "Directory nonexistent": "ENOENT",
  "nonexistent directory": "ENOENT",
  "Not a directory": "ENOTDIR",
  "Is a directory": "EISDIR",
  "File exists": "EEXIST",
  "Directory not empty": "ENOTEMPTY",
  "Permission denied": "EACCES",
  "Operation not permitted": "EPERM",
  "Read-only file system": "EROFS",
  "Too many levels of symbolic links": "ELOOP",
  "Symbolic link loop": "ELOOP",
  "File name too long": "ENAMETOOLONG",
  "Filename too long": "ENAMETOOLONG",
  "No space left on device": "ENOSPC",
  "Disk quota exceeded": "EDQUOT",
  "Quota exceeded": "EDQUOT",
  "File too large": "EFBIG",
  "File size limit exceeded": "EFBIG",
  "Invalid argument": "EINVAL",
  "Invalid cross-device link": "EXDEV",
  "Cross-device link": "EXDEV",
  "Device or resource busy": "EBUSY",
  "Resource busy": "EBUSY",
  "Text file busy": "EBUSY",
  "No such device or address": "ENXIO",
};

/**
 * The system's word for what a program complained about, such as `ENOENT`; undefined if it is none that is
 * known. It is the last part of a line.
 */
export function errorCodeOf(complaint: string): string | undefined {
  for (const line of complaint.trimEnd().split("\n").reverse()) {
    if (/to a subdirectory of itself/.test(line)) return "EINVAL";
    const last = line.slice(line.lastIndexOf(": ") + 1).trim().replace(/ \(core dumped\)$/, "");
    const code = CODES[last];
    if (code !== undefined) return code;
    // bash names the job that a signal ended after the signal.
    if (/\bFile size limit exceeded\b/.test(line)) return "EFBIG";
  }
  return undefined;
}
