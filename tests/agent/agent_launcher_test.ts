import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { agentLauncher } from "../../src/agent/agent_launcher.ts";
import { LAUNCH_TOKEN } from "../../src/agent/inside/launch_token.ts";
import { runProgram } from "../testutil/run_program.ts";

async function withLauncher(
  action: (launch: (...args: string[]) => ReturnType<typeof runProgram>) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  const path = join(directory, "launch");
  await Deno.writeFile(path, agentLauncher(Deno.build.arch)!, { mode: 0o755 });
  await action((...args) => runProgram(path, ["", ...args], { env: { A: "1", B: "2" } }));
  await Deno.remove(directory, { recursive: true });
}

Deno.test("agentLauncher() does make a program for the machines that it knows", () => {
  for (const [arch, machine] of [["x86_64", 62], ["amd64", 62], ["aarch64", 183], ["arm64", 183]]) {
    const file = agentLauncher(`${arch}`)!;
    assertEquals(new TextDecoder().decode(file.subarray(1, 4)), "ELF");
    const view = new DataView(file.buffer);
    assertEquals(view.getUint16(18, true), machine);
    assertEquals(view.getBigUint64(96, true), BigInt(file.length));
    // The token comes last, where the code expects it.
    assertEquals(new TextDecoder().decode(file.subarray(-16)), LAUNCH_TOKEN);
  }
  assertEquals(agentLauncher("riscv64"), undefined);
});

Deno.test("agentLauncher() does start a program in a session of its own with its arguments and environment", async () => {
  await withLauncher(async (launch) => {
    const script =
      'echo "$0|$1|$2"; cut -d " " -f 5,6 /proc/$$/stat; echo $$ $$; cat /proc/$$/oom_score_adj; env';
    const { code, stdout, stderr } = await launch(
      "/bin/sh",
      "my shell",
      "-c",
      script,
      "name",
      "",
      "b c",
    );
    const [args, ids, pids, score, ...env] = stdout.trim().split("\n");
    assertEquals([code, stderr, args, score], [0, "", "name||b c", "500"]);
    assertEquals(ids, pids);
    assertEquals(env.filter((line) => /^[AB]=/.test(line)).sort(), ["A=1", "B=2"]);
  });
});

Deno.test("agentLauncher() does say why it cannot start a program", async () => {
  await withLauncher(async (launch) => {
    assertEquals(await launch("/does/not/exist", "x"), {
      code: 2,
      stdout: "",
      stderr: LAUNCH_TOKEN,
    });
    assertEquals(await launch("/", "x"), { code: 13, stdout: "", stderr: LAUNCH_TOKEN });
    assertEquals(await launch("/etc/hostname/x", "x"), {
      code: 20,
      stdout: "",
      stderr: LAUNCH_TOKEN,
    });
  });
});
