import { assertEquals, assertThrows } from "@std/assert";
import { HELP, parseBuildOptions } from "../../../runtimes/build/build_options.ts";

Deno.test("parseBuildOptions() builds everything on the official images by default", () => {
  assertEquals(parseBuildOptions([]), {
    languages: [],
    help: false,
    list: false,
    fromDebian: false,
    mirror: undefined,
    base: undefined,
    certificates: undefined,
    network: undefined,
    buildArgs: {},
    noCache: false,
    jobs: 2,
    verbose: false,
  });
});

Deno.test("parseBuildOptions() takes options and languages in any order", () => {
  const options = parseBuildOptions(
    [
      "go",
      "--from-debian",
      "--jobs=3",
      "py",
      "--build-arg",
      "A=b=c",
      "--mirror",
      "http://m/debian",
    ],
  );
  assertEquals(options.languages, ["go", "py"]);
  assertEquals(options.fromDebian, true);
  assertEquals(options.jobs, 3);
  assertEquals(options.buildArgs, { A: "b=c" });
  assertEquals(options.mirror, "http://m/debian");
});

Deno.test("parseBuildOptions() takes certificates from SSL_CERT_FILE unless they are named", () => {
  const env = { SSL_CERT_FILE: "/a.pem" };
  assertEquals(parseBuildOptions([], env).certificates, "/a.pem");
  assertEquals(parseBuildOptions(["--certificates", "/b.pem"], env).certificates, "/b.pem");
  assertEquals(parseBuildOptions([], { SSL_CERT_FILE: "" }).certificates, undefined);
});

for (
  const [args, message] of [
    [["--from-debian", "--base", "x"], "both --from-debian and --base"],
    [["--mirror", "http://m/debian"], "--mirror without --from-debian"],
    [["--jobs", "0"], 'Cannot take --jobs "0": expected a number from 1 to 16'],
    [["--jobs", "two"], "expected a number from 1 to 16"],
    [["--build-arg", "A"], 'Cannot take --build-arg "A": expected KEY=VALUE'],
    [["--build-arg", "=A"], "expected KEY=VALUE"],
  ] as const
) {
  Deno.test(`parseBuildOptions() refuses ${args.join(" ")}`, () => {
    assertThrows(() => parseBuildOptions(args), RangeError, message);
  });
}

Deno.test("parseBuildOptions() refuses an option that it does not know", () => {
  assertThrows(() => parseBuildOptions(["--frob"]), TypeError, "--frob");
});

Deno.test("HELP names every option", () => {
  const options =
    "list from-debian mirror certificates base network build-arg no-cache jobs verbose help";
  for (const name of options.split(" ")) assertEquals(HELP.includes(`\n  --${name} `), true, name);
});
