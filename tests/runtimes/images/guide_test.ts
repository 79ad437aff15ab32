import { assertEquals } from "@std/assert";
import { requireImages, runInImage } from "./image_run.ts";

const requirement = await requireImages([
  "codebeaker-python:latest",
  "codebeaker-nodejs:latest",
  "codebeaker-golang:latest",
  "codebeaker-dotnet:latest",
]);

/** The files, commands and output of the user guide. */
const EXAMPLES = [
  {
    image: "codebeaker-python:latest",
    command: "python3 /workspace/script.py",
    files: { "/workspace/script.py": 'for i in range(5):\n print(f"Count: {i}")' },
    stdout: "Count: 0\nCount: 1\nCount: 2\nCount: 3\nCount: 4\n",
  },
  {
    image: "codebeaker-python:latest",
    command: "python3 /workspace/calc.py",
    files: {
      "/workspace/data.py": "x = 10\ny = 20",
      "/workspace/calc.py": 'from data import x, y\nprint(f"Sum: {x + y}")',
    },
    stdout: "Sum: 30\n",
  },
  {
    image: "codebeaker-nodejs:latest",
    command: "node /workspace/app.js",
    files: {
      "/workspace/app.js": "const numbers = [1, 2, 3, 4, 5];\n" +
        "const sum = numbers.reduce((a, b) => a + b, 0);\nconsole.log(`Sum: ${sum}`);",
    },
    stdout: "Sum: 15\n",
  },
  {
    image: "codebeaker-golang:latest",
    command: "go run /workspace/main.go",
    files: {
      "/workspace/main.go": 'package main\n\nimport "fmt"\n\nfunc main() {\n' +
        ' fmt.Println("Hello from Go")\n}',
    },
    stdout: "Hello from Go\n",
  },
  {
    image: "codebeaker-dotnet:latest",
    command: "dotnet script /workspace/Program.cs",
    files: {
      "/workspace/Program.cs": "using System;\n\nclass Program\n{\n static void Main()\n {\n" +
        ' Console.WriteLine("Hello from C#");\n }\n}',
    },
    stdout: "Hello from C#\n",
  },
];

for (const { image, command, files, stdout } of EXAMPLES) {
  Deno.test({
    name: `${image} runs the guide's "${command}"`,
    ...requirement,
    async fn() {
      assertEquals(await runInImage(image, command, { files }), { code: 0, stdout, stderr: "" });
    },
  });
}

Deno.test({
  name: "codebeaker-golang begins with the standard library compiled",
  ...requirement,
  async fn() {
    const program = 'package main\n\nimport (\n\t"encoding/json"\n\t"net/http"\n)\n\n' +
      "func main() { json.Marshal(http.StatusOK) }";
    // -x prints each command that is run: compiling a package runs the program "compile".
    const script = "go build -x -o /tmp/out /workspace/main.go 2>&1 | grep -c /compile";
    const files = { "/workspace/main.go": program };
    const { stdout } = await runInImage("codebeaker-golang:latest", script, { files });
    assertEquals(stdout, "1\n");
  },
});

Deno.test({
  name: "codebeaker-nodejs runs TypeScript by leaving the types out",
  ...requirement,
  async fn() {
    const files = { "/workspace/a.ts": "const x: number = 5;\nconsole.log(x);" };
    const { stdout } = await runInImage("codebeaker-nodejs:latest", "node a.ts", { files });
    assertEquals(stdout, "5\n");
  },
});
