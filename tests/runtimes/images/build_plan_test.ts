import { assertEquals, assertThrows } from "@std/assert";
import { type BuildStep, planBuild } from "../../../runtimes/build/build_plan.ts";
import { chooseImages } from "../../../runtimes/build/choose_images.ts";
import { readRecipes } from "../../../runtimes/build/build_images.ts";

const recipes = await readRecipes();

function stepOf(steps: readonly BuildStep[], image: string): BuildStep {
  const step = steps.find((one) => one.image === image);
  if (step !== undefined) return step;
  throw new Error(`No step makes ${image}`);
}

Deno.test("planBuild() builds on the image that the Dockerfile names, and pulls it", () => {
  assertEquals(planBuild(chooseImages(["python"]), recipes), [{
    image: "codebeaker-python:latest",
    folder: "python",
    dockerfile: "python/Dockerfile",
    buildArgs: { BASE: "python:3.14-slim" },
    pulls: "python:3.14-slim",
    needs: [],
  }]);
});

Deno.test("planBuild() builds on the base it is given, for one image", () => {
  const options = { base: "gcc:15", buildArgs: { X: "1" } };
  const [step] = planBuild(chooseImages(["c"]), recipes, options);
  assertEquals(step?.buildArgs, { BASE: "gcc:15", X: "1" });
  assertEquals(step?.pulls, "gcc:15");
  assertThrows(
    () => planBuild(chooseImages(["c", "go"]), recipes, options),
    RangeError,
    'Cannot build 2 images on "gcc:15": name one language with --base',
  );
});

Deno.test("planBuild() from Debian makes what a stand-in begins with, and nothing else", () => {
  const steps = planBuild(chooseImages(["csharp"]), recipes, { fromDebian: true });
  assertEquals(steps.map(({ image, needs }) => [image, needs]), [
    ["codebeaker-debian:bookworm-python", []],
    ["codebeaker-debian:bookworm-nodejs", ["codebeaker-debian:bookworm-python"]],
    ["codebeaker-debian:bookworm-dotnet", ["codebeaker-debian:bookworm-nodejs"]],
    ["codebeaker-dotnet:latest", ["codebeaker-debian:bookworm-dotnet"]],
  ]);
  assertEquals(steps.map(({ pulls }) => pulls), [undefined, undefined, undefined, undefined]);
});

Deno.test("planBuild() from Debian gives an image that is nobody's default a stand-in of its own", () => {
  const steps = planBuild(chooseImages(["python-data"]), recipes, { fromDebian: true });
  assertEquals(steps.map(({ image }) => image), [
    "codebeaker-debian:bookworm-python",
    "codebeaker-debian:bookworm-python-data",
    "codebeaker-python-data:latest",
  ]);
});

Deno.test("planBuild() from Debian builds on plain Debian where there is no stand-in", () => {
  const steps = planBuild(chooseImages(["bash"]), recipes, { fromDebian: true });
  assertEquals(steps.length, 1);
  assertEquals(steps[0]?.buildArgs, { BASE: "codebeaker-debian:bookworm" });
});

Deno.test("planBuild() puts nothing before what it needs, and plans every image once", () => {
  const steps = planBuild(chooseImages([]), recipes, { fromDebian: true });
  const names = steps.map(({ image }) => image);
  assertEquals(new Set(names).size, names.length);
  for (const { image, needs } of steps) {
    for (const need of needs) {
      assertEquals(names.indexOf(stepOf(steps, need).image) < names.indexOf(image), true, image);
    }
  }
});
