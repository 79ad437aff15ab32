/** With its head not more than a pipe takes in one piece, whoever else writes. */
const FRAME_BYTES = 4096 - 38;

const { stringify } = JSON;
const encoder = new TextEncoder();
const streams = { stdout: Deno.stdout, stderr: Deno.stderr };
const root = Deno.args.find((arg) => arg.startsWith("root="))?.slice(5);

let mark = new Uint8Array(0);

/** Says what marks the frames from now on. */
export function beginFrames(token: string): void {
  mark = encoder.encode(`\x1e${token}`);
}

/** Writes a message of the kernel's own among what cells write. */
export function sendFrame(stream: "stdout" | "stderr", message: unknown): void {
  const text = stringify(message);
  // The path is known to the process, and nobody else's business; see path_mask.ts.
  const data = encoder.encode(root === undefined ? text : text.replaceAll(root, "/workspace"));
  for (let start = 0; start < data.length; start += FRAME_BYTES) {
    const part = data.subarray(start, start + FRAME_BYTES);
    const more = start + FRAME_BYTES < data.length ? "+" : ".";
    const head = encoder.encode(more + part.length.toString(16).padStart(4, "0"));
    const frame = new Uint8Array(mark.length + head.length + part.length);
    frame.set(mark);
    frame.set(head, mark.length);
    frame.set(part, mark.length + head.length);
    for (let written = 0; written < frame.length;) {
      written += streams[stream].writeSync(frame.subarray(written));
    }
  }
}
