/** Fields of `/proc/self/stat` behind the name: priority, nice, real-time priority, policy (proc(5)). */
const STAT_FIELDS = [15, 16, 37, 38];

/**
 * The limits and the priority of this process. Code of the same user may change them with `prlimit` and
 * the like, whatever else it is kept from, and every later program would inherit them.
 */
export class OwnLimits {
  readonly #before = read();

  /** Whether they are not what they were. */
  get changed(): boolean {
    return read() !== this.#before;
  }
}

function read(): string {
  try {
    const limits = Deno.readTextFileSync("/proc/self/limits");
    const stat = Deno.readTextFileSync("/proc/self/stat");
    // The name is in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return limits + STAT_FIELDS.map((index) => fields[index]).join(" ");
  } catch {
    // Too few files may be open now, which is a change as well.
    return "";
  }
}
