/** Leaves the middle out of what is longer than `limit`, and says so. */
export function shortenText(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const half = Math.floor(limit / 2);
  const omitted = text.length - 2 * half;
  return `${text.slice(0, half)}\n… ${omitted} characters omitted …\n${text.slice(-half)}`;
}
