# Keeps one bash between cells.
#
# The first line that the server writes is the token that marks what is the kernel's own in the output, see
# kernel_stream.ts. A cell is one line of fields with the byte 0x1F between them: its id, the number of
# variables, NAME=value for each of them, the code; backslashes and newlines are written \\ and \n.
#
# Everything happens outside of functions, in which `declare` and what is local would be lost with the cell.
exec {__cb_in}<&0 {__cb_out}>&1 {__cb_err}>&2 </dev/null
IFS= builtin read -r -u "$__cb_in" __cb_token

# Says something on a stream; what it says fits into one frame.
__cb_send() {
  builtin printf '\036%s.%04x%s' "$__cb_token" "${#2}" "$2" >&"$1"
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
  __cb_send "$__cb_err" "{$__cb_message}"
  if [[ -n $__cb_interrupted ]]; then
    __cb_message+=',"interrupted":true'
    __cb_message+=',"error":{"name":"Interrupted","value":"The cell was interrupted"}'
  elif ((__cb_status != 0)); then
    __cb_message+=",\"error\":{\"name\":\"ExitCode\",\"value\":\"$__cb_status\"}"
  fi
  __cb_send "$__cb_out" "{$__cb_message}"
}

# What a cell's $? begins with.
__cb_last() {
  builtin return "$__cb_status"
}

__cb_status=0 __cb_running= __cb_file='__cb_last; builtin eval "$__cb_code"'
__cb_send "$__cb_err" '{"type":"ready"}'
__cb_send "$__cb_out" '{"type":"ready"}'
while IFS=$'\037' builtin read -r -u "$__cb_in" -a __cb_fields; do
  __cb_begin
  __cb_running=1
  builtin source /dev/fd/9 9<<<"$__cb_file"
  __cb_status=$? __cb_running=
  __cb_end
done
