import activeRequest from "./inside/active_request.ts" with { type: "text" };
import agent from "./inside/agent.ts" with { type: "text" };
import bufferPool from "./inside/buffer_pool.ts" with { type: "text" };
import counters from "./inside/counters.ts" with { type: "text" };
import endingOf from "./inside/ending_of.ts" with { type: "text" };
import errorOutput from "./inside/error_output.ts" with { type: "text" };
import eventBatch from "./inside/event_batch.ts" with { type: "text" };
import fileAdjust from "./inside/file_adjust.ts" with { type: "text" };
import fileEntry from "./inside/file_entry.ts" with { type: "text" };
import fileFacts from "./inside/file_facts.ts" with { type: "text" };
import fileRead from "./inside/file_read.ts" with { type: "text" };
import fileReplacement from "./inside/file_replacement.ts" with { type: "text" };
import fileRequests from "./inside/file_requests.ts" with { type: "text" };
import fileTree from "./inside/file_tree.ts" with { type: "text" };
import fileWrite from "./inside/file_write.ts" with { type: "text" };
import findProgram from "./inside/find_program.ts" with { type: "text" };
import frameOutput from "./inside/frame_output.ts" with { type: "text" };
import framePayload from "./inside/frame_payload.ts" with { type: "text" };
import frames from "./inside/frames.ts" with { type: "text" };
import inotify from "./inside/inotify.ts" with { type: "text" };
import launchToken from "./inside/launch_token.ts" with { type: "text" };
import launcher from "./inside/launcher.ts" with { type: "text" };
import libc from "./inside/libc.ts" with { type: "text" };
import linkEnd from "./inside/link_end.ts" with { type: "text" };
import main from "./inside/main.ts" with { type: "text" };
import makeDirectories from "./inside/make_directories.ts" with { type: "text" };
import managedProcess from "./inside/managed_process.ts" with { type: "text" };
import namePattern from "./inside/name_pattern.ts" with { type: "text" };
import openDirectory from "./inside/open_directory.ts" with { type: "text" };
import ownLimits from "./inside/own_limits.ts" with { type: "text" };
import processInput from "./inside/process_input.ts" with { type: "text" };
import processList from "./inside/process_list.ts" with { type: "text" };
import processOutput from "./inside/process_output.ts" with { type: "text" };
import processTable from "./inside/process_table.ts" with { type: "text" };
import processTree from "./inside/process_tree.ts" with { type: "text" };
import processUsage from "./inside/process_usage.ts" with { type: "text" };
import protocol from "./inside/protocol.ts" with { type: "text" };
import regularFile from "./inside/regular_file.ts" with { type: "text" };
import removeTree from "./inside/remove_tree.ts" with { type: "text" };
import replies from "./inside/replies.ts" with { type: "text" };
import requestFailure from "./inside/request_failure.ts" with { type: "text" };
import requestTable from "./inside/request_table.ts" with { type: "text" };
import sendSignal from "./inside/send_signal.ts" with { type: "text" };
import slicedTask from "./inside/sliced_task.ts" with { type: "text" };
import startFailure from "./inside/start_failure.ts" with { type: "text" };
import startProgram from "./inside/start_program.ts" with { type: "text" };
import startWatch from "./inside/start_watch.ts" with { type: "text" };
import treeWatch from "./inside/tree_watch.ts" with { type: "text" };
import watchLibrary from "./inside/watch_library.ts" with { type: "text" };
import watchRequest from "./inside/watch_request.ts" with { type: "text" };
import watchTurns from "./inside/watch_turns.ts" with { type: "text" };
import watchedDirectories from "./inside/watched_directories.ts" with { type: "text" };
import watchedDirectory from "./inside/watched_directory.ts" with { type: "text" };
import watchedTree from "./inside/watched_tree.ts" with { type: "text" };
import terminal from "./inside/terminal.ts" with { type: "text" };
import terminalCalls from "./inside/terminal_calls.ts" with { type: "text" };
import terminalPoll from "./inside/terminal_poll.ts" with { type: "text" };
import within from "./inside/within.ts" with { type: "text" };

/** The texts of everything in `inside/` by their names; a compiled server carries them along. */
export const AGENT_TEXTS: Readonly<Record<string, string>> = {
  "active_request.ts": activeRequest,
  "agent.ts": agent,
  "buffer_pool.ts": bufferPool,
  "counters.ts": counters,
  "ending_of.ts": endingOf,
  "error_output.ts": errorOutput,
  "event_batch.ts": eventBatch,
  "file_adjust.ts": fileAdjust,
  "file_entry.ts": fileEntry,
  "file_facts.ts": fileFacts,
  "file_read.ts": fileRead,
  "file_replacement.ts": fileReplacement,
  "file_requests.ts": fileRequests,
  "file_tree.ts": fileTree,
  "file_write.ts": fileWrite,
  "find_program.ts": findProgram,
  "frame_output.ts": frameOutput,
  "frame_payload.ts": framePayload,
  "frames.ts": frames,
  "inotify.ts": inotify,
  "launch_token.ts": launchToken,
  "launcher.ts": launcher,
  "libc.ts": libc,
  "link_end.ts": linkEnd,
  "main.ts": main,
  "make_directories.ts": makeDirectories,
  "managed_process.ts": managedProcess,
  "name_pattern.ts": namePattern,
  "open_directory.ts": openDirectory,
  "own_limits.ts": ownLimits,
  "process_input.ts": processInput,
  "process_list.ts": processList,
  "process_output.ts": processOutput,
  "process_table.ts": processTable,
  "process_tree.ts": processTree,
  "process_usage.ts": processUsage,
  "protocol.ts": protocol,
  "regular_file.ts": regularFile,
  "remove_tree.ts": removeTree,
  "replies.ts": replies,
  "request_failure.ts": requestFailure,
  "request_table.ts": requestTable,
  "send_signal.ts": sendSignal,
  "sliced_task.ts": slicedTask,
  "start_failure.ts": startFailure,
  "start_program.ts": startProgram,
  "start_watch.ts": startWatch,
  "tree_watch.ts": treeWatch,
  "watch_library.ts": watchLibrary,
  "watch_request.ts": watchRequest,
  "watch_turns.ts": watchTurns,
  "watched_directories.ts": watchedDirectories,
  "watched_directory.ts": watchedDirectory,
  "watched_tree.ts": watchedTree,
  "terminal.ts": terminal,
  "terminal_calls.ts": terminalCalls,
  "terminal_poll.ts": terminalPoll,
  "within.ts": within,
};
