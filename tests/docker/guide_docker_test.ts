import { testGuide } from "../testutil/guide.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";

const requirement = await dockerWith(
  "codebeaker-python:latest",
  "codebeaker-nodejs:latest",
  "codebeaker-golang:latest",
  "codebeaker-dotnet:latest",
);
const server = dockerServer(requirement);

await testGuide({ file: "guide_docker.json", server, requirement });
