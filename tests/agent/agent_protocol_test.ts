import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { encodeCredit, encodeJson } from "../../src/agent/inside/frame_payload.ts";
import { encodeFrame, FrameDecoder, type FrameType } from "../../src/agent/inside/frames.ts";
import { STDIN_WINDOW_BYTES } from "../../src/agent/inside/protocol.ts";
import { requirement } from "../testutil/requirement.ts";
import { within } from "../testutil/within.ts";
import { AgentProcess, type LocalAgentOptions } from "./local_agent.ts";
import { concat, Random } from "./random.ts";
import { ENV } from "./run_here.ts";

const bubblewrap = await requirement("bubblewrap");
const WAIT_MS = 30_000;

const SPAWN = { op: "spawn", argv: ["cat"], cwd: "/", env: ENV, stdin: "pipe" };

/** What came of bytes that an agent was sent. */
interface Reaction {
  readonly code: number;
  readonly complaint: string;
  readonly answers: readonly { type: FrameType; id: number; payload: Uint8Array }[];
}

/** Sends chunks to an agent, then the end, and waits until it has ended. */
async function react(
  chunks: readonly Uint8Array[],
  options: LocalAgentOptions = {},
): Promise<Reaction> {
  await using agent = await AgentProcess.start({ ...options, stderr: "piped" });
  const { stdin, stdout, stderr, status } = agent.child;
  const complaining = new Response(stderr).text();
  const answering = new Response(stdout).bytes();
  const writer = stdin.getWriter();
  try {
    for (const chunk of chunks) await writer.write(chunk as Uint8Array<ArrayBuffer>);
    await writer.close();
  } catch {
    // It ended when it had heard enough.
  }
  const [{ code }, bytes, complaint] = await within(
    Promise.all([status, answering, complaining]),
    WAIT_MS,
    "the agent to end",
  );
  const answers: Reaction["answers"][number][] = [];
  new FrameDecoder((type, id, payload) => answers.push({ type, id, payload })).write(bytes);
  return { code, complaint, answers };
}

Deno.test("agent does end with a complaint when it is sent nonsense", async (t) => {
  const cases: [name: string, bytes: Uint8Array, complaint: string][] = [
    ["a length is absurd", new Uint8Array(9).fill(255), "unknown type 255"],
    ["a payload is too long", Uint8Array.of(255, 0, 0, 0, 1, 0, 0, 0, 1), "at most"],
    ["a type is unknown", Uint8Array.of(0, 0, 0, 0, 77, 0, 0, 0, 1), "unknown type 77"],
    ["a frame is not for it", encodeFrame("exit", 1), '"exit"'],
    ["a request is not JSON", encodeFrame("request", 1, Uint8Array.of(1)), "not JSON"],
    ["a request has no op", encodeFrame("request", 1, encodeJson({})), "no op"],
    ["it ends within a frame", encodeFrame("end", 1).subarray(0, 4), "within a frame"],
    [
      "a request is made twice",
      concat([1, 2].map(() => encodeFrame("request", 1, encodeJson(SPAWN)))),
      "twice",
    ],
    [
      "a credit is none",
      concat([
        encodeFrame("request", 1, encodeJson(SPAWN)),
        encodeFrame("credit", 1, new Uint8Array(3)),
      ]),
      "3 bytes",
    ],
    [
      "more input is sent than there is room for",
      concat([
        encodeFrame("request", 1, encodeJson({ ...SPAWN, argv: ["sleep", "1000"] })),
        ...Array.from(
          { length: 3 },
          () => encodeFrame("data", 1, new Uint8Array(STDIN_WINDOW_BYTES)),
        ),
      ]),
      "unasked",
    ],
  ];
  for (const [name, bytes, expected] of cases) {
    await t.step(`if ${name}`, async () => {
      const { code, complaint } = await react([bytes]);
      assertEquals(code, 1, complaint);
      assertStringIncludes(complaint, expected);
    });
  }
});

Deno.test("agent does take what is said of requests that are over, and refuse what it does not know", async () => {
  const { code, answers, complaint } = await react([
    encodeFrame("data", 9, Uint8Array.of(1)),
    encodeFrame("end", 9),
    encodeFrame("cancel", 9),
    encodeFrame("stop", 9, encodeJson({ graceMs: 1 })),
    encodeFrame("signal", 9, encodeJson({ signal: "SIGINT", to: "process" })),
    encodeFrame("credit", 9, encodeCredit(1)),
    encodeFrame("request", 1, encodeJson({ op: "dance" })),
    encodeFrame("request", 2, encodeJson({ op: "spawn", argv: [] })),
    encodeFrame("request", 3, encodeJson({ op: "ping" })),
  ]);
  assertEquals([code, complaint], [0, ""]);
  assertEquals(answers.map(({ type, id }) => [type, id]), [
    ["ready", 0],
    ["fail", 1],
    ["fail", 2],
    ["result", 3],
  ]);
});

Deno.test("agent does start a program only when what it waits for has succeeded", async () => {
  const path = await Deno.makeTempFile();
  const spawn = (id: number, after: number[]) =>
    encodeFrame("request", id, encodeJson({ ...SPAWN, argv: ["cat", path], stdin: "none", after }));
  const { answers } = await react([
    encodeFrame("request", 1, encodeJson({ op: "write", path })),
    spawn(2, [1]),
    encodeFrame("data", 1, new TextEncoder().encode("late")),
    encodeFrame("end", 1),
    encodeFrame("request", 3, encodeJson({ op: "stat", path: `${path}/missing` })),
    spawn(4, [1, 3]),
    // Its stop arrives before it has started.
    encodeFrame("request", 5, encodeJson({ op: "write", path })),
    spawn(6, [5]),
    encodeFrame("stop", 6, encodeJson({ graceMs: 1000 })),
  ].flatMap((chunk) => [chunk]));
  const of = (id: number) => answers.filter((answer) => answer.id === id).map(({ type }) => type);
  assertEquals([of(3), of(4), of(6)], [["fail"], ["fail"], ["exit"]]);
  assertEquals(of(1), ["result"]);
  assert(!of(2).includes("fail"));
  await Deno.remove(path);
});

Deno.test({
  name: "agent does end in order or with a complaint, whatever it is sent",
  ...bubblewrap,
  async fn() {
    // In a sandbox: a changed request may ask for anything.
    const workspace = await Deno.makeTempDir({ prefix: "codebeaker-agent-" });
    const random = new Random(21);
    const path = "/workspace/file";
    const requests = concat([
      encodeFrame("request", 1, encodeJson(SPAWN)),
      encodeFrame("data", 1, random.bytes(100)),
      encodeFrame("request", 2, encodeJson({ op: "write", path })),
      encodeFrame("data", 2, random.bytes(100)),
      encodeFrame("end", 2),
      encodeFrame("request", 3, encodeJson({ op: "read", path, maxBytes: 1000 })),
      encodeFrame("request", 4, encodeJson({ op: "list", path: "/workspace" })),
      encodeFrame("end", 1),
      encodeFrame("request", 5, encodeJson({ op: "copy", source: path, destination: `${path}2` })),
      encodeFrame("stop", 1, encodeJson({ graceMs: 5 })),
    ]);
    let complaints = 0;
    for (let round = 0; round < 30; round++) {
      const bytes = round === 0 ? requests : random.mutate(requests);
      const { code, complaint } = await react(random.split(bytes, 200), { workspace });
      assert(
        code === 0 || (code === 1 && complaint.includes("FrameError")),
        `${code} ${complaint}`,
      );
      complaints += code;
      if (round === 0) assertEquals([code, complaint], [0, ""]);
    }
    assert(complaints > 3, `${complaints} complaints`);
    await Deno.remove(workspace, { recursive: true });
  },
});
