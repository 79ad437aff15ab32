# Keeps one bash between cells.
#
# The first line that the server writes is the token that marks what is the kernel's own in the output, see
# kernel_stream.ts. A cell is one line of fields with the byte 0x1F between them: its id, the number of
# variables, NAME=value for each of them, the code, and what it reads from its standard input, if that is
# anything; backslashes and newlines are written \\ and \n.
#
# What cells write goes through a pipe for each stream, to a `cat` that writes it to the server. When a job that
# goes on still has a pipe of former cells, its `cat` is ended and another one reads what comes of it and drops
# it: so it can neither get into the output of later cells nor hold the job up.
#
# Everything happens outside of functions, in which `declare` and what is local would be lost with the cell.
exec {__cb_in}<&0 {__cb_out}>&1 {__cb_err}>&2 </dev/null {__cb_pipe_out}>/dev/null {__cb_pipe_err}>/dev/null
IFS= builtin read -r -u "$__cb_in" __cb_token

# Says something on a stream, in order with what cells write; what it says fits into one frame.
__cb_send() {
  builtin printf '\036%s.%04x%s' "$__cb_token" "${#2}" "$2" >&"$1"
}

# Starts a `cat` from a pipe to a descriptor; it is no job of this shell and has none of its descriptors.
__cb_cat() {
  __cb_pid=$(
    exec {__cb_from}<"/proc/self/fd/$1" {__cb_to}>&"$2" 2>/dev/null {__cb_in}<&-
    exec {__cb_out}>&- {__cb_err}>&- {__cb_pipe_out}>&- {__cb_pipe_err}>&- {__cb_new}>&-
    builtin trap '' INT
    builtin exec "$__cb_program" <&"$__cb_from" {__cb_from}<&- >&"$__cb_to" {__cb_to}>&- &
    builtin printf %s "$!"
  )
}

# Opens a pipe, without a process: that would change $!.
__cb_pipe() {
  exec {__cb_new}<<<''
  { exec {__cb_new_end}<>"/proc/self/fd/$__cb_new"; } 2>/dev/null
  exec {__cb_new}<&-
  __cb_new=$__cb_new_end
  builtin read -r -u "$__cb_new"
}

# Finds out whether another process has a pipe open. Those that had none at the last look have none now, so
# that there is nothing to look at while they are the same.
__cb_look() {
  __cb_held_out= __cb_held_err=
  builtin printf -v __cb_there '%s ' /proc/[0-9]*
  if [[ $__cb_there == "$__cb_without" ]]; then builtin return; fi
  __cb_without=
  for __cb_at in /proc/[0-9]*; do
    case ${__cb_at#/proc/} in "$$" | "$__cb_cat_out" | "$__cb_cat_err") continue ;; esac
    for __cb_name in "$__cb_at"/fd/*; do
      if [[ ! -p $__cb_name ]]; then continue; fi
      if [[ $__cb_name -ef /proc/self/fd/$__cb_pipe_out ]]; then __cb_held_out=1; fi
      if [[ $__cb_name -ef /proc/self/fd/$__cb_pipe_err ]]; then __cb_held_err=1; fi
    done
  done
  if [[ -z $__cb_held_out$__cb_held_err ]]; then __cb_without=$__cb_there; fi
}

# Ends what writes a pipe to the server, and drops what comes of it from now on. Arguments: its `cat`, the pipe.
__cb_drop() {
  if [[ -z $1 ]]; then builtin return; fi
  builtin kill -KILL "$1" 2>/dev/null
  while [[ -e /proc/$1/fd/1 ]]; do :; done
  exec {__cb_null}>/dev/null
  __cb_cat "$2" "$__cb_null"
  exec {__cb_null}>&-
}

# Sees to it that nobody but the next cell writes to the server.
__cb_clear() {
  if [[ $- == *f* ]]; then __cb_noglob=1; set +f; else __cb_noglob=; fi
  __cb_look
  if [[ -n $__cb_held_out || ! -e /proc/$__cb_cat_out/fd/1 ]]; then
    __cb_drop "$__cb_cat_out" "$__cb_pipe_out"
    __cb_pipe
    __cb_cat "$__cb_new" "$__cb_out"
    __cb_cat_out=$__cb_pid
    if [[ /proc/self/fd/1 -ef /proc/self/fd/$__cb_pipe_out ]]; then exec >&"$__cb_new"; fi
    exec {__cb_pipe_out}>&-
    __cb_pipe_out=$__cb_new
  fi
  if [[ -n $__cb_held_err || ! -e /proc/$__cb_cat_err/fd/1 ]]; then
    __cb_drop "$__cb_cat_err" "$__cb_pipe_err"
    __cb_pipe
    __cb_cat "$__cb_new" "$__cb_err"
    __cb_cat_err=$__cb_pid
    if [[ /proc/self/fd/2 -ef /proc/self/fd/$__cb_pipe_err ]]; then exec 2>&"$__cb_new"; fi
    exec {__cb_pipe_err}>&-
    __cb_pipe_err=$__cb_new
  fi
  if [[ -n $__cb_noglob ]]; then set -f; fi
}

# Before each command of an interrupted cell bash asks this, and 2 means to leave the function or the file
# that is running. The cell runs in a file for that reason; below it is the kernel.
__cb_leave() {
  if ((${#FUNCNAME[@]} > __cb_depth)); then builtin return 2; fi
  builtin trap - DEBUG
  builtin shopt -u extdebug
  builtin set +T
  builtin return 0
}

__cb_interrupt() {
  if [[ -z $__cb_running ]]; then builtin return 0; fi
  __cb_interrupted=1
  builtin shopt -s extdebug
  builtin trap __cb_leave DEBUG
}

# Sets the variables of a cell and keeps what they were.
__cb_begin() {
  __cb_had=() __cb_old=() __cb_interrupted=
  for ((__cb_at = 2; __cb_at < 2 + __cb_fields[1]; __cb_at++)); do
    __cb_name=${__cb_fields[__cb_at]%%=*}
    __cb_value=${__cb_fields[__cb_at]#*=}
    if [[ -n ${!__cb_name+x} ]]; then
      __cb_had[__cb_at]=1
      if [[ ${!__cb_name@a} == *x* ]]; then __cb_had[__cb_at]=2; fi
      __cb_old[__cb_at]=${!__cb_name}
    fi
    builtin printf -v __cb_value %b "$__cb_value"
    builtin declare -gx "$__cb_name=$__cb_value" 2>/dev/null
  done
  builtin printf -v __cb_code %b "${__cb_fields[__cb_at]-}"
  builtin printf -v __cb_stdin %b "${__cb_fields[__cb_at + 1]-}"
  __cb_clear
  __cb_send "$__cb_pipe_err" "{\"type\":\"begin\",\"id\":${__cb_fields[0]}}"
  __cb_send "$__cb_pipe_out" "{\"type\":\"begin\",\"id\":${__cb_fields[0]}}"
  builtin trap __cb_interrupt INT
  __cb_depth=${#FUNCNAME[@]}
}

__cb_end() {
  for ((__cb_at = 2; __cb_at < 2 + __cb_fields[1]; __cb_at++)); do
    __cb_name=${__cb_fields[__cb_at]%%=*}
    if [[ -z ${__cb_had[__cb_at]-} ]]; then
      builtin unset -v "$__cb_name" 2>/dev/null
    else
      builtin declare -gx "$__cb_name=${__cb_old[__cb_at]}" 2>/dev/null
      if [[ ${__cb_had[__cb_at]} == 1 ]]; then builtin declare -g +x "$__cb_name" 2>/dev/null; fi
    fi
  done
  __cb_message="\"type\":\"end\",\"id\":${__cb_fields[0]}"
  __cb_send "$__cb_pipe_err" "{$__cb_message}"
  __cb_message+=",\"exitCode\":$__cb_status"
  if [[ -n $__cb_interrupted ]]; then
    __cb_message+=',"interrupted":true'
    __cb_message+=',"error":{"name":"Interrupted","value":"The cell was interrupted"}'
  elif ((__cb_status != 0)); then
    __cb_message+=",\"error\":{\"name\":\"ExitCode\",\"value\":\"$__cb_status\"}"
  fi
  __cb_send "$__cb_pipe_out" "{$__cb_message}"
}

# What a cell's $? begins with.
__cb_last() {
  builtin return "$__cb_status"
}

__cb_status=0 __cb_running= __cb_without= __cb_cat_out= __cb_cat_err= __cb_file='__cb_last; builtin eval "$__cb_code"'
__cb_program=$(builtin command -pv cat)
exec {__cb_new}>/dev/null
__cb_clear
exec >&"$__cb_pipe_out" 2>&"$__cb_pipe_err"
__cb_send "$__cb_pipe_err" '{"type":"ready"}'
__cb_send "$__cb_pipe_out" '{"type":"ready"}'
while IFS=$'\037' builtin read -r -u "$__cb_in" -a __cb_fields; do
  __cb_begin
  __cb_running=1
  if [[ -z $__cb_stdin ]]; then
    builtin source /dev/fd/9 9<<<"$__cb_file"
  elif [[ $__cb_stdin == *$'\n' ]]; then
    builtin source /dev/fd/9 9<<<"$__cb_file" <<<"${__cb_stdin%$'\n'}"
  else
    builtin source /dev/fd/9 9<<<"$__cb_file" < <(builtin printf %s "$__cb_stdin")
  fi
  __cb_status=$? __cb_running=
  __cb_end
done
