/** Permission bits as `chmod` takes them: three octal digits. */
export function modeText(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, "0");
}
